import type { Bond } from '../chemistry/bonds'
import type { Quat } from '../geometry/quat'
import type { Vec3 } from '../geometry/vec3'
import type { Sampler } from '../stream/protocol'

/** What a blob is to be filled with. */
export type Content =
  | { readonly kind: 'formula'; readonly text: string }
  | { readonly kind: 'random'; readonly heavyAtoms: number }

/** A Gaussian prior in the scene: where new atoms shall be, how far they spread, and which they are. */
export interface GaussianBlob {
  readonly id: string
  readonly content: Content
  /** Å. */
  readonly center: Vec3
  /** σ along the blob's own axes, Å. */
  readonly widths: Vec3
  readonly rotation: Quat
  readonly strictness: number
  /** The scaffold's hydrogen that gives way to this blob; null for a blob that is bound to nothing. */
  readonly site: number | null
  /** Further hydrogens that give way: the blob bridges these sites, or closes a ring over them. Left out when there are none. */
  readonly bridges?: readonly number[]
  /** The widths follow the content until somebody stretches the blob. */
  readonly autoSize: boolean
}

/** Atoms that stay exactly where they are. `positions` keep the doubles that the service sent. */
export interface Scaffold {
  readonly numbers: readonly number[]
  readonly positions: readonly Vec3[]
  readonly bonds: readonly Bond[]
  readonly smiles: string | null
  /** Formal charges of the atoms; left out when there are none. */
  readonly charges?: readonly number[]
  /** Atoms that may move in a run, from where they are; left out when all are frozen. */
  readonly free?: readonly number[]
}

export interface Settings {
  readonly samples: number
  readonly steps: number
  readonly sampler: Sampler
  readonly seed: number
  /** λ of SDD, Å; null: the model's usual one. Other samplers have none. */
  readonly noise: number | null
  /** Candidates that fail are run again, within the service's budget. */
  readonly validOnly: boolean
}

/** The document: everything that undo covers, and everything that a generation depends on. Immutable. */
export interface Design {
  readonly blobs: readonly GaussianBlob[]
  readonly scaffold: Scaffold | null
  readonly settings: Settings
}

export const LIMITS = {
  samples: { min: 1, max: 16 },
  steps: { min: 1, max: 1024 },
  seed: { min: 0, max: 2 ** 53 - 1 },
  noise: { min: 0, max: 10 },
  heavyAtoms: { min: 1, max: 40 },
  width: { min: 0.05, max: 15 },
  strictness: { min: 0.1, max: 10 },
  coordinate: { min: -200, max: 200 },
  /** Å from the origin: what is stored farther away is no design. A hand may drag beyond `coordinate`, and be told so. */
  reach: 1_000_000,
} as const

export const DEFAULT_SETTINGS: Settings = { samples: 4, steps: 64, sampler: 'sdd', seed: 7, noise: null, validOnly: false }
