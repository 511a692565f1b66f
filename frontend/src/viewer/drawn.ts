import type { Ellipsoid } from '../geometry/ellipsoid'
import type { Quat } from '../geometry/quat'
import type { Vec3 } from '../geometry/vec3'

/** What a picture is made of: words that the modules which compose it, lay it out and draw it have in common. */

/** Colours that the page's theme gives to the canvas; `#rrggbb`. */
export interface Palette {
  readonly background: string
  readonly outline: string
  readonly blob: string
  readonly blobMuted: string
}

export interface AtomLook {
  readonly number: number
  readonly symbol: string
  /** Å. */
  readonly radius: number
  /** Radius of the atom's bonds, Å. */
  readonly stick: number
  /** `#rrggbb`. */
  readonly color: string
}

export interface DrawnBond {
  readonly i: number
  readonly j: number
  readonly order: number
  /** Å. */
  readonly radius: number
}

export interface BlobLook extends Ellipsoid {
  readonly opacity: number
  /** `#rrggbb`. */
  readonly color: string
}

/** Atoms of one picture; `positions [n_atoms, 3]` in the order of `looks`. */
export interface AtomsToDraw {
  readonly looks: readonly AtomLook[]
  readonly positions: ArrayLike<number>
  readonly bonds: readonly DrawnBond[]
}

/** Atoms to draw, in one merged model. `origin[k]` says what drawn atom k is. */
export interface Drawing {
  readonly looks: readonly AtomLook[]
  readonly positions: Float32Array
  readonly bonds: readonly DrawnBond[]
  readonly origin: readonly { readonly molecule: number; readonly atom: number }[]
}

/** Which of a blob's surfaces are drawn, in % of its density. */
export type Shells = 'both' | '50' | '95'

/** A ball that something takes in the scene. */
export interface Extent {
  readonly center: Vec3
  readonly radius: number
}

/** How a molecule gets to its cell: turned about its centre, then shifted; both in the scene. */
export interface Place {
  readonly turn: Quat
  readonly offset: Vec3
}
