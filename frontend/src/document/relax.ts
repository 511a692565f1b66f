import type { Bond } from '../chemistry/bonds'
import { conjugate, isTurnAboutX, multiply } from '../geometry/quat'
import { distance, type Vec3 } from '../geometry/vec3'
import type { Candidate, GenerateSpec } from '../stream/protocol'
import { placementOn, sitesOf } from './placement'
import type { Design, Scaffold } from './types'

/** Forces vanish after a few steps from a sensible geometry; a bad one gets as many as a molecule from nothing. */
const STEPS = 64

export interface RelaxOrder {
  readonly spec: GenerateSpec
  /** `order[k]` is the scaffold's index of atom k of the answer. */
  readonly order: readonly number[]
}

/** A deterministic run from the present geometry, in which only these atoms move. They must be some. */
export function relaxOrder(scaffold: Scaffold, moving: readonly number[]): RelaxOrder {
  const moves = new Set(moving)
  const frozen = scaffold.numbers.flatMap((_, i) => (moves.has(i) ? [] : [i]))
  const loose = scaffold.numbers.flatMap((_, i) => (moves.has(i) ? [i] : []))
  if (loose.length === 0) throw new RangeError('no atoms to relax')
  const take = (atoms: readonly number[]) => ({
    numbers: atoms.map((i) => scaffold.numbers[i]),
    positions: atoms.map((i) => scaffold.positions[i]),
  })
  return {
    spec: {
      n_samples: 1,
      sampler: 'dd',
      steps: STEPS,
      seed: 0,
      blobs: [{ ...take(loose), placed: false }],
      scaffold: frozen.length === 0 ? null : take(frozen),
    },
    order: [...frozen, ...loose],
  }
}

/** The scaffold's atoms in their own order, at the places that one frame `[n_atoms, 3]` of the run has them. */
export function inOwnOrder(order: readonly number[], positions: ArrayLike<number>): Vec3[] {
  const own = new Array<Vec3>(order.length)
  order.forEach((atom, k) => (own[atom] = [positions[3 * k], positions[3 * k + 1], positions[3 * k + 2]]))
  return own
}

/** The design with its scaffold as it came out. Bonds are those that were perceived, where they make a molecule; blobs on sites go along. */
export function withRelaxed(design: Design, order: readonly number[], candidate: Candidate): Design {
  const { scaffold } = design
  if (scaffold === null) return design
  const relaxed: Scaffold = {
    ...scaffold,
    positions: inOwnOrder(order, candidate.positions.flat()),
    ...(candidate.valid ? { bonds: candidate.bonds.map(([i, j, o]) => ordered(order[i], order[j], o)), smiles: candidate.smiles } : {}),
  }
  return { ...design, scaffold: relaxed, blobs: design.blobs.map((blob) => followSite(blob, scaffold, relaxed)) }
}

const ordered = (i: number, j: number, order: number): Bond => (i < j ? [i, j, order] : [j, i, order])

/** A blob that nobody has moved keeps its place on its bond. */
export function followSite(blob: Design['blobs'][number], before: Scaffold, after: Scaffold): Design['blobs'][number] {
  if (blob.site === null) return blob
  const was = placementOn(before, sitesOf(blob), blob.content)
  if (distance(was.center, blob.center) > 1e-6) return blob
  const { center, rotation } = placementOn(after, sitesOf(blob), blob.content)
  // What lies along its bond goes on lying along it, and keeps its turn about it.
  const turn = multiply(conjugate(was.rotation), blob.rotation)
  return { ...blob, center, rotation: isTurnAboutX(blob.rotation, was.rotation) ? multiply(rotation, turn) : blob.rotation }
}
