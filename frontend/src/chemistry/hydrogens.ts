import { add, addScaled, cross, dot, norm, normalize, perpendicular, scale, sub, type Vec3 } from '../geometry/vec3'
import type { Bond } from './bonds'
import { element } from './elements'

/** A molecule that is being edited: its bonds say what is full and what is not. */
export interface Skeleton {
  readonly numbers: readonly number[]
  readonly positions: readonly Vec3[]
  readonly bonds: readonly Bond[]
  readonly charges?: readonly number[]
}

export interface Neighbour {
  readonly atom: number
  readonly order: number
}

export const neighbours = ({ bonds }: Pick<Skeleton, 'bonds'>, atom: number): Neighbour[] =>
  bonds.flatMap(([i, j, order]) => (i === atom ? [{ atom: j, order }] : j === atom ? [{ atom: i, order }] : []))

/** Bonds that the atom still lacks; negative when it has too many. An ammonium nitrogen makes four, a carbon with a charge three. */
export function openValence(skeleton: Skeleton, atom: number): number {
  const z = skeleton.numbers[atom]
  const charge = skeleton.charges?.[atom] ?? 0
  const wanted = z === 6 ? 4 - Math.abs(charge) : Math.max(0, element(z).valence + (z === 1 ? -Math.abs(charge) : charge))
  return wanted - neighbours(skeleton, atom).reduce((sum, { order }) => sum + order, 0)
}

/** Å. */
export const bondLength = (a: number, b: number): number => element(a).covalentRadius + element(b).covalentRadius

/**
 * Where `count` more bonds of this atom would point: unit vectors as far as possible from the bonds that are there and from the
 * lone pairs. Double bonds make it flat, triple ones straight.
 */
export function freeDirections(skeleton: Skeleton, atom: number, count: number): Vec3[] {
  const bonded = neighbours(skeleton, atom)
  const taken = bonded.map((n) => normalize(sub(skeleton.positions[n.atom], skeleton.positions[atom])))
  const extra = bonded.reduce((sum, { order }) => sum + order - 1, 0)
  const corners = Math.max(taken.length + count, Math.min(4, 4 - extra))
  const found = spread(taken, corners - taken.length)
  return flatten(skeleton, atom, taken, found, corners).slice(0, count)
}

const ROUNDS = 300

/** Points on the unit sphere that repel each other and the fixed ones. */
function spread(fixed: readonly Vec3[], count: number): Vec3[] {
  const points: Vec3[] = []
  for (let k = 0; k < count; k++) points.push(emptiest([...fixed, ...points]))
  for (let round = 0; round < ROUNDS; round++) {
    const step = 0.25 * (1 - round / ROUNDS)
    points.forEach((p, k) => {
      let push: Vec3 = [0, 0, 0]
      for (const q of [...fixed, ...points.filter((_, j) => j !== k)]) {
        const away = sub(p, q)
        push = addScaled(push, away, 1 / Math.max(1e-3, dot(away, away)) ** 1.5)
      }
      points[k] = normalize(addScaled(p, push, step), p)
    })
  }
  return points
}

const SAMPLES = 96

/** The sampled direction that is farthest from all of these. */
function emptiest(points: readonly Vec3[]): Vec3 {
  let best: Vec3 = [0.48, 0.6, 0.64]
  let bestReach = -Infinity
  for (let k = 0; k < SAMPLES; k++) {
    const y = 1 - (2 * (k + 0.5)) / SAMPLES
    const angle = k * 2.399963
    const r = Math.sqrt(1 - y * y)
    const p: Vec3 = [r * Math.cos(angle), y, r * Math.sin(angle)]
    const reach = points.length === 0 ? dot(p, best) : -Math.max(...points.map((q) => dot(p, q)))
    if (reach > bestReach) {
      best = p
      bestReach = reach
    }
  }
  return best
}

/** The ends of a double bond lie in one plane: two new bonds on one end turn into the plane of the other end's. */
function flatten(skeleton: Skeleton, atom: number, taken: readonly Vec3[], found: readonly Vec3[], corners: number): readonly Vec3[] {
  const [partner] = neighbours(skeleton, atom)
  if (corners !== 3 || taken.length !== 1) return found
  const across = neighbours(skeleton, partner.atom).find((n) => n.atom !== atom)
  if (across === undefined) return found
  const [axis] = taken
  const inPlane = sub(skeleton.positions[across.atom], skeleton.positions[partner.atom])
  const normal = cross(axis, inPlane)
  if (norm(normal) < 1e-3) return found
  const side = normalize(cross(normal, axis), perpendicular(axis))
  const [cos, sin] = [-0.5, Math.sqrt(3) / 2]
  return [add(scale(axis, cos), scale(side, sin)), add(scale(axis, cos), scale(side, -sin))]
}
