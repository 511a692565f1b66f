import type { LiveBond } from '../chemistry/bonds'
import { keptScaffold, openScaffold } from '../document/spec'
import type { Design } from '../document/types'
import { SHELL_50 } from '../geometry/ellipsoid'
import { multiply } from '../geometry/quat'
import { distance, type Vec3 } from '../geometry/vec3'
import type { Candidate, Topology } from '../stream/protocol'
import { repeatBonds } from '../stream/batch'
import { sampleAt, type Trajectory } from '../stream/trajectory'
import type { BlobLook, Drawing, Extent, Palette, Place, Shells } from './drawn'
import type { Camera } from './camera'
import { AT_HOME, cellPlace, inPlace, type Grid, type LayoutMode } from './layout'
import {
  ballAbout, batchDrawing, blobEnds, designBlobs, designDrawing, designExtent, finalBonds, moleculeOf, shell,
  type BatchView, type SceneBond, type Tone,
} from './scene'

export interface Picture {
  readonly drawing: Drawing
  readonly blobs: readonly BlobLook[]
}

export const EMPTY_PICTURE: Picture = {
  drawing: { looks: [], positions: new Float32Array(), bonds: [], origin: [] },
  blobs: [],
}

/** A run as it is to be shown. */
export interface RunView {
  readonly design: Design
  readonly count: number
  readonly trajectory: Trajectory | null
  readonly candidates: readonly Candidate[] | null
  readonly steps: number
  readonly layout: LayoutMode
  /** The candidate to stand out, or to show alone. */
  readonly focus: number | null
  readonly extent: Extent
}

export function composeDesign(design: Design, how: { readonly selected: string | null; readonly shells: Shells }, palette: Palette): Picture {
  return { drawing: designDrawing(design, palette), blobs: designBlobs(design, how.selected, palette, how.shells) }
}

/** The candidates at a fractional frame index, each in its place; the blobs fade as they let go of their atoms. */
export function composeRun(view: RunView, head: number, camera: Camera, grid: Grid | null, palette: Palette): Picture {
  // A branch begins with fewer frames than there are before the head that it left from.
  const at = Math.min(head, Math.max(0, (view.trajectory?.length ?? 1) - 1))
  const shown = placeMolecules(view, camera, grid)
  const heaped = view.layout === 'overlay'
  const opacity = 0.3 * (1 - progress(view, at))
  const places = view.layout === 'grid' ? shown : shown.slice(0, 1)
  const blobs =
    opacity < 0.005
      ? []
      : places.flatMap(({ place }) =>
          view.design.blobs.map((blob) => moved(shell(blob, SHELL_50, opacity, palette.blob), place, view.extent.center)),
        )
  return { drawing: drawRun(view, at, { shown: heaped ? inFront(shown) : shown, center: view.extent.center, palette, heaped }), blobs }
}

const moved = (look: BlobLook, place: Place, center: Vec3): BlobLook => ({
  ...look,
  center: inPlace(place, center, look.center),
  rotation: multiply(place.turn, look.rotation),
})

/** How far the frame on show is through its run, 0 to 1. Steps count, not frames: some may have been dropped on the way. */
function progress({ trajectory, steps, candidates }: RunView, at: number): number {
  if (trajectory === null || trajectory.length === 0) return 0
  if (candidates !== null && at >= trajectory.length - 1.001) return 1
  const lower = trajectory.frames[Math.floor(at)].step
  const upper = trajectory.frames[Math.min(trajectory.length - 1, Math.ceil(at))].step
  return Math.min(1, (lower + (upper - lower) * (at % 1)) / Math.max(1, steps))
}

function placeMolecules(view: RunView, camera: Camera, grid: Grid | null): BatchView['shown'] {
  const { count, layout, focus } = view
  const put = (molecule: number, tone: Tone, place: Place) => ({ molecule, tone, place })
  const all = Array.from({ length: count }, (_, m) => m)
  if (layout === 'single') return [put(focus ?? 0, 'plain', AT_HOME)]
  if (layout === 'overlay') return all.map((m) => put(m, overlaid(view, m), AT_HOME))
  return all.map((m) => put(m, 'plain', grid === null ? AT_HOME : cellPlace(grid, count, m, camera)))
}

/** The molecule that stands out comes first: with it the scaffold is drawn that all share. */
const inFront = (shown: BatchView['shown']): BatchView['shown'] => [...shown].sort((a, b) => BACK[a.tone] - BACK[b.tone])

const BACK: Record<Tone, number> = { plain: 0, slender: 1, crowd: 2, ghost: 3, faint: 4, trace: 5 }

/** From how many molecules in one place on each has to be slender, and from how many on they are a crowd. */
const SEVERAL = 4
const CROWD = 7

/** Of many in one place the one in focus stands out, or else those that came to something; the others stand back. */
function overlaid({ count, focus, candidates }: RunView, molecule: number): Tone {
  const back: Tone = count >= CROWD ? 'trace' : 'faint'
  if (focus !== null) return molecule === focus ? 'plain' : back
  const some = candidates?.some((c) => c.valid) === true
  if (some && candidates.at(molecule)?.valid === false) return back
  return count >= CROWD ? 'crowd' : count >= SEVERAL ? 'slender' : 'plain'
}

function drawRun(view: RunView, at: number, batch: BatchView): Drawing {
  const { trajectory } = view
  if (trajectory === null || trajectory.length === 0) return drawScaffolds(view, batch)
  const { topology } = trajectory
  const positions = new Float32Array(3 * topology.numbers.length)
  const live = withOrders(trajectory.bondsAt(sampleAt(trajectory, at, positions)), view)
  const atEnd = view.candidates !== null && at >= trajectory.length - 1.001
  const bonds = atEnd ? settledBonds(topology, view.candidates, live) : live
  return batchDrawing(topology, positions, bonds, batch)
}

/** Perceived bonds where there are any; a molecule that made no sense keeps those that its distances suggest. */
function settledBonds(topology: Topology, candidates: readonly Candidate[], live: readonly SceneBond[]): SceneBond[] {
  const perceived = finalBonds(topology.ptr, candidates)
  const known = new Set(candidates.flatMap((c, m) => (c.bonds.length > 0 ? [m] : [])))
  return [...perceived, ...live.filter((b) => !known.has(moleculeOf(topology.ptr, b.i)))]
}

/** Bonds of the scaffold have their orders from the start. */
function withOrders(live: readonly LiveBond[], { design, trajectory }: RunView): readonly SceneBond[] {
  const orders = trajectory === null ? null : frozenOrders(design, trajectory.topology)
  const n = trajectory?.topology.numbers.length ?? 0
  return live.map(({ i, j, strength }) => ({ i, j, strength, order: orders?.get(i * n + j) ?? 1 }))
}

const knownOrders = new WeakMap<Topology, { readonly design: Design; readonly orders: ReadonlyMap<number, number> }>()

/** Orders of the scaffold's bonds in a batch, by `i * n_atoms + j`; every frame asks, so they are kept. */
function frozenOrders(design: Design, topology: Topology): ReadonlyMap<number, number> {
  const known = knownOrders.get(topology)
  if (known?.design === design) return known.orders
  const n = topology.numbers.length
  const bonds = repeatBonds(openScaffold(design)?.bonds ?? [], topology.ptr)
  const orders = new Map(bonds.map(([i, j, order]) => [i * n + j, order]))
  knownOrders.set(topology, { design, orders })
  return orders
}

/** Before the first frame: the scaffold in every cell. */
function drawScaffolds(view: RunView, batch: BatchView): Drawing {
  const opened = keptScaffold(view.design)
  if (opened === null) return EMPTY_PICTURE.drawing
  const n = opened.numbers.length
  const repeat = Array.from({ length: view.count }, (_, m) => m)
  const ptr = [...repeat, view.count].map((m) => m * n)
  const topology: Topology = {
    type: 'topology',
    job: '',
    ptr,
    numbers: repeat.flatMap(() => opened.numbers),
    fixed: repeat.flatMap(() => opened.numbers.map(() => true)),
  }
  const bonds = repeatBonds(opened.bonds, ptr).map(([i, j, order]): SceneBond => ({ i, j, order, strength: 1 }))
  return batchDrawing(topology, repeat.flatMap(() => opened.positions.flat()), bonds, batch)
}

/** The ball that each candidate needs: the design's own until the end, then as large as the molecules really are. */
export function runExtent(design: Design, candidates: readonly Candidate[] | null): Extent {
  const designed = designExtent(design)
  if (candidates === null) return designed
  // One that flew apart must not make all the others tiny.
  const near = candidates.flatMap((c) => c.positions.filter((p) => distance(p, designed.center) < 1.6 * designed.radius))
  return near.length === 0 ? designed : ballAbout([...near, ...design.blobs.flatMap((blob) => blobEnds(blob, SHELL_50))], 0.5)
}
