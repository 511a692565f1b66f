import { matchAtoms } from '../document/difference'
import type { Design } from '../document/types'
import { multiply } from '../geometry/quat'
import { add, sub, ZERO, type Vec3 } from '../geometry/vec3'
import type { BlobLook, DrawnBond, Extent, Palette, Place } from './drawn'
import type { Camera } from './camera'
import { AT_HOME, cellPlace, inPlace, type Grid } from './layout'
import type { Picture } from './picture'
import { designBlobs, designDrawing, designExtent } from './scene'

/** Two designs to be seen side by side. */
export interface CompareView {
  readonly sides: readonly [Design, Design]
  /** How far the second is moved so that both stand about the same middle. */
  readonly shift: Vec3
  readonly extent: Extent
}

/** From how many atoms in the same place on the two designs share one frame, and stay in it. */
const COMMON = 3

/** What grew from one scaffold stays where it grew, so that it is seen from the same side; strangers are put on one spot. */
export function compareView(a: Design, b: Design): CompareView {
  const [one, other] = [designExtent(a), designExtent(b)]
  const related = a.scaffold !== null && b.scaffold !== null && matchAtoms(a.scaffold, b.scaffold).kept >= COMMON
  const shift = related ? ZERO : sub(one.center, other.center)
  const second = add(other.center, shift)
  const center: Vec3 = related ? [(one.center[0] + second[0]) / 2, (one.center[1] + second[1]) / 2, (one.center[2] + second[2]) / 2] : one.center
  const reach = (from: Vec3, radius: number) => Math.hypot(...sub(from, center)) + radius
  return { sides: [a, b], shift, extent: { center, radius: Math.max(reach(one.center, one.radius), reach(second, other.radius)) } }
}

/** Both designs, each in its cell. */
export function composeCompare({ sides, shift, extent }: CompareView, camera: Camera, grid: Grid | null, palette: Palette): Picture {
  const looks: Picture['drawing']['looks'][number][] = []
  const origin: Picture['drawing']['origin'][number][] = []
  const bonds: DrawnBond[] = []
  const coordinates: number[] = []
  const blobs: BlobLook[] = []
  sides.forEach((design, molecule) => {
    const place: Place = grid === null ? AT_HOME : cellPlace(grid, sides.length, molecule, camera)
    const at = (p: Vec3): Vec3 => inPlace(place, extent.center, molecule === 0 ? p : add(p, shift))
    const drawing = designDrawing(design, palette)
    const start = looks.length
    looks.push(...drawing.looks)
    origin.push(...drawing.origin.map(({ atom }) => ({ molecule, atom })))
    bonds.push(...drawing.bonds.map((bond) => ({ ...bond, i: bond.i + start, j: bond.j + start })))
    design.scaffold?.positions.forEach((p) => coordinates.push(...at(p)))
    for (const blob of designBlobs(design, null, palette)) {
      blobs.push({ ...blob, center: at(blob.center), rotation: multiply(place.turn, blob.rotation) })
    }
  })
  return { drawing: { looks, positions: Float32Array.from(coordinates), bonds, origin }, blobs }
}
