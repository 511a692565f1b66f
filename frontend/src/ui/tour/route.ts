import { parseFormula } from '../../chemistry/formula'
import { freeHydrogens, openSite, updateBlob } from '../../document/design'
import { anchorOf, sitePlacement } from '../../document/placement'
import { DEFAULT_SETTINGS, type Content, type Design, type GaussianBlob, type Scaffold, type Settings } from '../../document/types'
import { fromMatrixColumns, rotate } from '../../geometry/quat'
import { add, cross, normalize, perpendicular, type Vec3 } from '../../geometry/vec3'
import type { Pose } from '../../gizmo/drag'
import { isLive, type Run } from '../../stream/run'
import type { Mode } from '../session'
import seeds from './seeds.json'

/** From acetaldehyde over phenyl acetate to aspirin: each leg grows a scaffold by one blob. */
export interface Leg {
  readonly from: string
  readonly to: string
  /** SMILES as the service writes them. */
  readonly start: string
  readonly product: string
  readonly formula: string
  /** The hydrogens at which the fragment belongs. */
  readonly sites: (scaffold: Scaffold) => number[]
  /** Which hydrogen that is, in words. */
  readonly place: string
  /** The shape that the fragment has, when it is not the one that opening a site gives. */
  readonly shape: Disc | null
  /** Recorded with the shipped weights: the first that brings the product on this scaffold, then others in reserve. */
  readonly seeds: readonly number[]
}

/** A flat blob, in the axes of the site: x along the bond, y in the plane of the neighbours, z upright. Å. */
interface Disc {
  readonly center: Vec3
  readonly normal: Vec3
  readonly radius: number
  readonly thickness: number
}

/** Elements of the atoms that an atom is bound to, hydrogens too. */
const neighbours = ({ bonds }: Scaffold, atom: number): number[] =>
  bonds.flatMap(([i, j]) => (i === atom ? [j] : j === atom ? [i] : []))

const of = (scaffold: Scaffold, atom: number, element: number): number[] =>
  neighbours(scaffold, atom).filter((k) => scaffold.numbers[k] === element)

const atomsOf = ({ numbers }: Scaffold, element: number): number[] => numbers.flatMap((z, i) => (z === element ? [i] : []))

/** The hydrogen of the aldehyde: on a carbon that has an oxygen. */
const aldehyde = (scaffold: Scaffold): number[] =>
  atomsOf(scaffold, 1).filter((h) => of(scaffold, h, 6).some((c) => of(scaffold, c, 8).length > 0))

/** The hydrogens beside the ring's oxygen: on the neighbours of the carbon that the ester holds by its oxygen alone. */
function beside(scaffold: Scaffold): number[] {
  const bridges = atomsOf(scaffold, 8).filter((o) => of(scaffold, o, 6).length === 2)
  const held = bridges.flatMap((o) => of(scaffold, o, 6)).filter((c) => of(scaffold, c, 8).length === 1)
  return held.flatMap((c) => of(scaffold, c, 6)).flatMap((c) => of(scaffold, c, 1))
}

export const LEGS: readonly Leg[] = [
  {
    from: 'acetaldehyde',
    to: 'phenyl acetate',
    start: 'CC=O',
    product: 'CC(=O)Oc1ccccc1',
    formula: 'C6H5O',
    sites: aldehyde,
    place: 'the hydrogen of the aldehyde, on the carbon that holds the red oxygen',
    // Where the C6H5O of phenyl acetate lies, its ester as in nature.
    shape: { center: [2.75, -2.33, 0], normal: [0.78, 0.46, -0.42], radius: 1.45, thickness: 0.3 },
    seeds: seeds.legs[0],
  },
  {
    from: 'phenyl acetate',
    to: 'aspirin',
    start: 'CC(=O)Oc1ccccc1',
    product: 'CC(=O)Oc1ccccc1C(=O)O',
    formula: 'CHO2',
    sites: beside,
    place: 'a hydrogen of the ring, on a carbon next to the one with the oxygen',
    shape: null,
    seeds: seeds.legs[1],
  },
]

const ACETALDEHYDE: Scaffold = {
  numbers: [6, 6, 8, 1, 1, 1, 1],
  positions: [
    [-1.2233, 0.271, -0.2099], [0.2169, 0.3247, 0.1972], [1.0064, -0.5957, 0.0128], [-1.425, 1.078, -0.9181],
    [-1.8501, 0.3939, 0.6763], [-1.4441, -0.69, -0.6811], [0.5398, 1.2601, 0.6846],
  ],
  bonds: [[0, 1, 1], [1, 2, 2], [0, 3, 1], [0, 4, 1], [0, 5, 1], [1, 6, 1]],
  smiles: LEGS[0].start,
}

/** What each leg is generated with. */
export const legSettings = (leg: Leg): Settings => ({ ...DEFAULT_SETTINGS, samples: 8, seed: leg.seeds[0] })

export const startDesign = (): Design => ({ blobs: [], scaffold: ACETALDEHYDE, settings: legSettings(LEGS[0]) })

export const contentOf = (leg: Leg): Content => ({ kind: 'formula', text: leg.formula })

/** Where a leg wants its blob: null when it is fine wherever opening the site has put it. */
export function poseOf({ shape, formula }: Leg, scaffold: Scaffold, hydrogen: number): Pose | null {
  if (shape === null) return null
  const { rotation } = sitePlacement(scaffold, hydrogen, { kind: 'formula', text: formula })
  const z = normalize(rotate(rotation, shape.normal))
  const x = perpendicular(z)
  const origin = scaffold.positions[anchorOf(scaffold, hydrogen)]
  return {
    center: add(origin, rotate(rotation, shape.center)),
    widths: [shape.radius, shape.radius, shape.thickness],
    rotation: fromMatrixColumns(x, cross(z, x), z),
  }
}

/** The design that a leg generates from when the tour does it all: for finding seeds. */
export function readyDesign(leg: Leg, scaffold: Scaffold): Design {
  const [hydrogen] = leg.sites(scaffold)
  const { design, id } = openSite({ blobs: [], scaffold, settings: legSettings(leg) }, hydrogen, contentOf(leg))
  const pose = poseOf(leg, scaffold, hydrogen)
  return pose === null ? design : updateBlob(design, id, pose)
}

/** Where somebody stands on the way, and what is next. */
export type Stop =
  | { readonly kind: 'open'; readonly leg: number; readonly hydrogens: readonly number[] }
  | { readonly kind: 'fill'; readonly leg: number; readonly blob: string }
  | { readonly kind: 'shape'; readonly leg: number; readonly blob: string }
  | { readonly kind: 'generate'; readonly leg: number }
  | { readonly kind: 'watch'; readonly leg: number }
  | { readonly kind: 'again'; readonly leg: number; readonly seed: number }
  | { readonly kind: 'use'; readonly leg: number; readonly candidate: number }
  | { readonly kind: 'arrived' }
  | { readonly kind: 'astray' }

export interface Surroundings {
  readonly design: Design
  readonly mode: Mode
  /** The run on show, and the design that it came from. */
  readonly run: Run | null
  readonly of: Design | null
}

/** Read off the page itself, so that undo, detours and a hand of one's own are all fine. */
export function stopAt({ design, mode, run, of }: Surroundings): Stop {
  const { scaffold, blobs } = design
  if (scaffold?.smiles === LEGS[1].product) return { kind: 'arrived' }
  const leg = LEGS.findIndex(({ start }) => start === scaffold?.smiles)
  if (leg < 0 || scaffold === null) return { kind: 'astray' }
  const wanted = LEGS[leg].sites(scaffold)
  const placed = blobs.find(({ site }) => site !== null && wanted.includes(site))
  if (placed === undefined) return { kind: 'open', leg, hydrogens: freeHydrogens(design).filter((h) => wanted.includes(h)) }
  if (!isFilledAs(placed, LEGS[leg].formula)) return { kind: 'fill', leg, blob: placed.id }
  if (LEGS[leg].shape !== null && !isFlat(placed)) return { kind: 'shape', leg, blob: placed.id }
  if (run === null || mode !== 'results' || of?.scaffold !== scaffold) return { kind: 'generate', leg }
  if (isLive(run)) return { kind: 'watch', leg }
  if (run.phase !== 'done' || run.result === null) return { kind: 'generate', leg }
  const candidate = run.result.candidates.findIndex(({ valid, smiles }) => valid && smiles === LEGS[leg].product)
  return candidate < 0 ? { kind: 'again', leg, seed: run.spec.seed ?? -1 } : { kind: 'use', leg, candidate }
}

function isFilledAs({ content }: GaussianBlob, formula: string): boolean {
  const [is, shall] = [content.kind === 'formula' ? parseFormula(content.text) : null, parseFormula(formula)]
  if (!is?.ok || !shall.ok || is.composition.size !== shall.composition.size) return false
  return [...shall.composition].every(([z, n]) => is.composition.get(z) === n)
}

/** Flat and wide enough for a ring. */
function isFlat({ widths }: GaussianBlob): boolean {
  const [thin, middle] = [...widths].sort((a, b) => a - b)
  return thin <= 0.45 && middle >= 1.1
}

/** The seed to try after one that brought no product: the next on record, then those after it. */
export function seedAfter(leg: Leg, seed: number): number {
  const place = leg.seeds.indexOf(seed)
  if (place >= 0 && place + 1 < leg.seeds.length) return leg.seeds[place + 1]
  return place >= 0 ? Math.max(...leg.seeds) + 1 : seed + 1
}
