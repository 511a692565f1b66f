import type { Bond } from '../chemistry/bonds'
import { element } from '../chemistry/elements'
import { displacedHydrogens, findBlob } from '../document/design'
import { keptScaffold } from '../document/spec'
import type { Design, GaussianBlob } from '../document/types'
import { SHELL_50, SHELL_95 } from '../geometry/ellipsoid'
import { rotate, toMatrix } from '../geometry/quat'
import { AXES, add, addScaled, centroid, distance, scale, type Vec3 } from '../geometry/vec3'
import type { Topology } from '../stream/protocol'
import type { AtomLook, BlobLook, Drawing, DrawnBond, Extent, Palette, Place, Shells } from './drawn'

/**
 * How much an atom counts in the picture: ghosts are about to go, faint ones stand back, slender ones leave room for others in the
 * same place. In a crowd hydrogens are left out, and those that stand back are mere traces.
 */
export type Tone = 'plain' | 'ghost' | 'faint' | 'slender' | 'crowd' | 'trace'

export const BOND_RADIUS = 0.13

/** How far a tone goes towards the background, what is left of an atom's radius, how thick its bonds are, Å, and whether hydrogens are drawn. */
const TONES: Record<Tone, { fade: number; size: number; bond: number; hydrogens: boolean }> = {
  plain: { fade: 0, size: 1, bond: BOND_RADIUS, hydrogens: true },
  ghost: { fade: 0.72, size: 0.75, bond: 0.05, hydrogens: true },
  faint: { fade: 0.55, size: 0.24, bond: 0.045, hydrogens: true },
  slender: { fade: 0, size: 0.5, bond: 0.065, hydrogens: true },
  crowd: { fade: 0, size: 0.4, bond: 0.06, hydrogens: false },
  trace: { fade: 0.7, size: 0.16, bond: 0.03, hydrogens: false },
}

export function mixColors(a: string, b: string, t: number): string {
  const channel = (k: number): string => {
    const [x, y] = [parseInt(a.slice(k, k + 2), 16), parseInt(b.slice(k, k + 2), 16)]
    return Math.round(x + (y - x) * t).toString(16).padStart(2, '0')
  }
  return `#${channel(1)}${channel(3)}${channel(5)}`
}

export function atomLook(number: number, tone: Tone, palette: Palette): AtomLook {
  const { symbol, ballRadius, color } = element(number)
  const { fade, size, bond, hydrogens } = TONES[tone]
  const drawn = hydrogens || number !== 1
  return { number, symbol, radius: drawn ? ballRadius * size : 0, stick: drawn ? bond : 0, color: mixColors(color, palette.background, fade) }
}

/** The scaffold as it stands in the document; hydrogens that blobs displace are ghosts. */
export function designDrawing(design: Design, palette: Palette): Drawing {
  const { scaffold } = design
  if (scaffold === null) return { looks: [], positions: new Float32Array(), bonds: [], origin: [] }
  const gone = displacedHydrogens(design)
  return {
    looks: scaffold.numbers.map((z, i) => atomLook(z, gone.has(i) ? 'ghost' : 'plain', palette)),
    positions: Float32Array.from(scaffold.positions.flat()),
    bonds: scaffold.bonds.map(([i, j, order]) => {
      return { i, j, order, radius: TONES[gone.has(i) || gone.has(j) ? 'ghost' : 'plain'].bond }
    }),
    origin: scaffold.numbers.map((_, atom) => ({ molecule: 0, atom })),
  }
}

/** A bond of a whole batch, with a strength in (0, 1]. */
export interface SceneBond {
  readonly i: number
  readonly j: number
  readonly order: number
  readonly strength: number
}

export interface BatchView {
  /** Molecules to draw, and how. */
  readonly shown: readonly { readonly molecule: number; readonly tone: Tone; readonly place: Place }[]
  /** What each molecule turns about. */
  readonly center: Vec3
  readonly palette: Palette
  /** All molecules lie in the same place: the scaffold that they share is drawn once, with the first of `shown`. */
  readonly heaped?: boolean | undefined
}

/** What is drawn of a batch, whatever the frame: only where atoms are changes from one to the next. */
interface Cast {
  readonly looks: readonly AtomLook[]
  readonly origin: Drawing['origin']
  /** Place among the drawn atoms of each atom of the batch, or -1. */
  readonly index: Int32Array
  /** What it was made for. */
  readonly palette: Palette
  readonly key: string
}

const casts = new WeakMap<Topology, Cast>()

function castOf(topology: Topology, { shown, palette, heaped }: BatchView): Cast {
  const key = (heaped === true ? 'heaped' : '') + shown.map(({ molecule, tone }) => `${molecule}${tone}`).join()
  const known = casts.get(topology)
  if (known?.palette === palette && known.key === key) return known
  const looks: AtomLook[] = []
  const origin: { molecule: number; atom: number }[] = []
  const index = new Int32Array(topology.numbers.length).fill(-1)
  for (const { molecule, tone } of shown) {
    const start = topology.ptr[molecule]
    for (let atom = start; atom < topology.ptr[molecule + 1]; atom++) {
      if (isShared(topology, molecule, atom, { shown, heaped })) {
        index[atom] = index[atom - start + topology.ptr[shown[0].molecule]]
        continue
      }
      index[atom] = looks.length
      looks.push(atomLook(topology.numbers[atom], tone, palette))
      origin.push({ molecule, atom: atom - start })
    }
  }
  const made: Cast = { looks, origin, index, palette, key }
  casts.set(topology, made)
  return made
}

/** Whether this atom is one of the scaffold, which comes first in every molecule, that another molecule of a heap shows already. */
function isShared(topology: Topology, molecule: number, atom: number, { shown, heaped }: Pick<BatchView, 'shown' | 'heaped'>): boolean {
  return heaped === true && topology.fixed[atom] && molecule !== shown[0].molecule
}

/** Molecules of a batch, each moved to its place. `positions [n_atoms, 3]` of the whole batch. */
export function batchDrawing(topology: Topology, positions: ArrayLike<number>, bonds: readonly SceneBond[], view: BatchView): Drawing {
  const { looks, origin, index } = castOf(topology, view)
  const moved = new Float32Array(3 * looks.length)
  const [cx, cy, cz] = view.center
  let k = 0
  for (const { molecule, place } of view.shown) {
    const [ox, oy, oz] = add(view.center, place.offset)
    const [rx, ry, rz] = toMatrix(place.turn)
    for (let atom = topology.ptr[molecule]; atom < topology.ptr[molecule + 1]; atom++) {
      if (isShared(topology, molecule, atom, view)) continue
      const [x, y, z] = [positions[3 * atom] - cx, positions[3 * atom + 1] - cy, positions[3 * atom + 2] - cz]
      moved[k++] = ox + rx[0] * x + rx[1] * y + rx[2] * z
      moved[k++] = oy + ry[0] * x + ry[1] * y + ry[2] * z
      moved[k++] = oz + rz[0] * x + rz[1] * y + rz[2] * z
    }
  }
  const drawn: DrawnBond[] = []
  for (const { i, j, order, strength } of bonds) {
    const [a, b] = [index[i], index[j]]
    if (a < 0 || b < 0 || looks[a].radius === 0 || looks[b].radius === 0) continue
    // Between two atoms that another molecule shows already the bond is there, too.
    if (view.heaped === true && topology.fixed[i] && topology.fixed[j] && origin[a].molecule !== moleculeOf(topology.ptr, i)) continue
    drawn.push({ i: a, j: b, order, radius: Math.min(looks[a].stick, looks[b].stick) * Math.max(0.12, strength ** 1.5) })
  }
  return { looks, positions: moved, bonds: drawn, origin }
}

/** The molecule that an atom of a batch belongs to. */
export const moleculeOf = (ptr: readonly number[], atom: number): number => ptr.findIndex((start) => start > atom) - 1

/** The perceived bonds of every candidate, as bonds of the batch. */
export function finalBonds(ptr: readonly number[], candidates: readonly { readonly bonds: readonly Bond[] }[]): SceneBond[] {
  return candidates.flatMap(({ bonds }, m) =>
    bonds.map(([i, j, order]) => ({ i: i + ptr[m], j: j + ptr[m], order, strength: 1 })),
  )
}

/** The shells of every blob, the selected ones stronger. */
export function designBlobs(design: Design, selected: string | null, palette: Palette, shells: Shells = 'both'): BlobLook[] {
  const chosen = findBlob(design, selected)
  return design.blobs.flatMap((blob) => {
    const own = blob === chosen
    const color = own ? palette.blob : palette.blobMuted
    const inner = shell(blob, SHELL_50, own ? 0.36 : 0.28, color)
    // Alone, the outer shell has to carry the picture.
    const outer = shell(blob, SHELL_95, shells === '95' ? (own ? 0.22 : 0.14) : own ? 0.1 : 0.05, color)
    return shells === 'both' ? [inner, outer] : [shells === '50' ? inner : outer]
  })
}

export function shell({ center, widths, rotation }: GaussianBlob, sigmas: number, opacity: number, color: string): BlobLook {
  return { center, radii: scale(widths, sigmas), rotation, opacity, color }
}

/** The ends of a blob's axes at so many σ. */
export function blobEnds({ center, widths, rotation }: GaussianBlob, sigmas: number): Vec3[] {
  return AXES.flatMap((axis, i) => {
    const reach = scale(rotate(rotation, axis), sigmas * widths[i])
    return [addScaled(center, reach, 1), addScaled(center, reach, -1)]
  })
}

/** How far a blob counts towards what has to be in the picture, in σ. */
const BLOB_REACH = 2

/** A ball about everything that a design shows. */
export function designExtent(design: Design): Extent {
  const atoms = keptScaffold(design)?.positions ?? []
  return ballAbout([...atoms, ...design.blobs.flatMap((blob) => blobEnds(blob, BLOB_REACH))], 0.5)
}

/** A ball about the middle of these points, with a margin for the atoms' own size. */
export function ballAbout(points: readonly Vec3[], margin: number): Extent {
  const center = boxCenter(points)
  return { center, radius: Math.max(2.2, points.reduce((r, p) => Math.max(r, distance(p, center)), 0) + margin) }
}

function boxCenter(points: readonly Vec3[]): Vec3 {
  if (points.length === 0) return centroid(points)
  const middle = (k: 0 | 1 | 2): number => {
    const values = points.map((p) => p[k])
    return (Math.min(...values) + Math.max(...values)) / 2
  }
  return [middle(0), middle(1), middle(2)]
}
