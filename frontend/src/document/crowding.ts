import { covariance } from '../geometry/ellipsoid'
import { fromAxisAngle, IDENTITY, multiply, type Mat3 } from '../geometry/quat'
import { add, cross, dot, scale, sub, type Vec3 } from '../geometry/vec3'
import type { Placement } from './placement'

/** What is there already: a point or a Gaussian, by its covariance in Å², and how many atoms it stands for. */
export interface Neighbour {
  readonly center: Vec3
  readonly spread: Mat3
  readonly atoms: number
}

/** σ of an atom's own size, Å. */
const ATOM_WIDTH = 0.5

const ATOM: Mat3 = covariance([ATOM_WIDTH, ATOM_WIDTH, ATOM_WIDTH], IDENTITY)

export const atomNeighbour = (center: Vec3): Neighbour => ({ center, spread: ATOM, atoms: 1 })

/**
 * Below this a blob has room enough as it is. On benzene alone a blob has 0.01, beside another one on the next carbon 0.07, on the
 * oxygen of phenol, over a hydrogen of the ring, 0.1, and a phenyl beside a phenyl 0.6.
 */
const CROWDED = 0.03

/** A turn has to leave less than this share of the crowd, or it is not worth the unusual look. */
const WORTH_IT = 0.5

/** Half a turn brings an ellipsoid back to itself. */
const TURNS = Array.from({ length: 11 }, (_, k) => ((k + 1) * Math.PI) / 12)

/** The same place, turned about its bond (its own x) until it stands least in what is there already, when it is crowded as it is. */
export function outOfTheWay(placement: Placement, neighbours: readonly Neighbour[]): Placement {
  const asItIs = crowding(placement, neighbours)
  if (asItIs < CROWDED) return placement
  let best = placement
  let least = WORTH_IT * asItIs
  for (const angle of TURNS) {
    const turned = { ...placement, rotation: multiply(placement.rotation, fromAxisAngle([1, 0, 0], angle)) }
    const crowd = crowding(turned, neighbours)
    if (crowd < least) [best, least] = [turned, crowd]
  }
  return best
}

/** How much stands in this place already, in atoms: one in its very middle counts 1, and less the more σ it is away. */
export function crowding({ center, widths, rotation }: Placement, neighbours: readonly Neighbour[]): number {
  const own = covariance(widths, rotation)
  return neighbours.reduce((sum, { center: at, spread, atoms }) => {
    const both: Mat3 = [add(own[0], spread[0]), add(own[1], spread[1]), add(own[2], spread[2])]
    return sum + atoms * Math.exp(-0.5 * squaredSigmas(sub(at, center), both))
  }, 0)
}

/** dᵀ Σ⁻¹ d for a symmetric Σ. */
function squaredSigmas(d: Vec3, [a, b, c]: Mat3): number {
  const cofactors = [cross(b, c), cross(c, a), cross(a, b)]
  const solved = add(add(scale(cofactors[0], d[0]), scale(cofactors[1], d[1])), scale(cofactors[2], d[2]))
  return dot(d, solved) / dot(a, cofactors[0])
}
