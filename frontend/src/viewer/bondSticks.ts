import { addScaled, cross, dot, normalize, perpendicular, scale, sub, type Vec3 } from '../geometry/vec3'
import type { AtomsToDraw, DrawnBond } from './drawn'
import type { Quads, Rgb } from './quads'

/** How thick the sticks of a double and of a triple bond are beside a single one's, and how far apart, in their own radii. */
const MULTIPLE = { 2: { thickness: 0.4, apart: 1.5 }, 3: { thickness: 0.25, apart: 3 } } as const

/** Lengths below this are none, Å². */
const NOTHING = 0.01
/** So divergent a neighbour shows the plane well enough, Å⁴. */
const DIVERGENT = 0.1

/** The most quads that these bonds take. */
export const mostSticks = (bonds: readonly DrawnBond[]): number => bonds.reduce((n, { order }) => n + 2 * Math.max(1, Math.min(3, Math.ceil(order))), 0)

/**
 * Writes every bond: single ones as one stick, double and triple ones as two and three side by side in the plane of the neighbours.
 * Each half has the colour of its own atom.
 */
export function writeBonds(quads: Quads, { positions, bonds, looks }: AtomsToDraw, colorOf: (color: string) => Rgb): void {
  const at = (i: number): Vec3 => [positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]]
  let neighbours: Map<number, number[]> | null = null
  for (const { i, j, order, radius } of bonds) {
    const [from, to] = [at(i), at(j)]
    const [a, b] = [colorOf(looks[i].color), colorOf(looks[j].color)]
    if (order !== 2 && order !== 3) {
      writeStick(quads, from, to, radius, a, b)
      continue
    }
    neighbours ??= neighboursOf(bonds)
    const { thickness, apart } = MULTIPLE[order]
    const thin = radius * thickness
    const inPlane = sideways(i, j, neighbours, at)
    const side = order === 2 ? inPlane : normalize(cross(inPlane, sub(to, from)))
    for (const sign of order === 2 ? [1, -1] : [1, 0, -1]) {
      writeStick(quads, addScaled(from, side, sign * thin * apart), addScaled(to, side, sign * thin * apart), thin, a, b)
    }
  }
}

function writeStick(quads: Quads, from: Vec3, to: Vec3, radius: number, a: Rgb, b: Rgb): void {
  if (a === b) {
    quads.stick(from[0], from[1], from[2], to[0], to[1], to[2], radius, a)
    return
  }
  const [x, y, z] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2, (from[2] + to[2]) / 2]
  quads.stick(from[0], from[1], from[2], x, y, z, radius, a)
  quads.stick(x, y, z, to[0], to[1], to[2], radius, b)
}

function neighboursOf(bonds: readonly DrawnBond[]): Map<number, number[]> {
  const found = new Map<number, number[]>()
  const add = (atom: number, other: number) => {
    const others = found.get(atom)
    if (others === undefined) found.set(atom, [other])
    else others.push(other)
  }
  for (const { i, j } of bonds) {
    add(i, j)
    add(j, i)
  }
  return found
}

/** A unit vector across the bond, in the plane of its neighbours; always to the same side, whichever neighbour tells. */
function sideways(i: number, j: number, neighbours: ReadonlyMap<number, readonly number[]>, at: (atom: number) => Vec3): Vec3 {
  const along = sub(at(j), at(i))
  const normal = planeNormal(i, j, along, neighbours, at) ?? planeNormal(j, i, along, neighbours, at) ?? perpendicular(along)
  const v = normalize(cross(normal, along))
  const leading = Math.abs(v[0]) > 0.001 ? v[0] : Math.abs(v[1]) > 0.001 ? v[1] : v[2]
  return leading < 0 ? scale(v, -1) : v
}

/** Normal of the plane of the bond and of a neighbour of `end`, the first that stands off well, else the one that does most; null for none. */
function planeNormal(end: number, other: number, along: Vec3, neighbours: ReadonlyMap<number, readonly number[]>, at: (atom: number) => Vec3): Vec3 | null {
  let best: Vec3 | null = null
  let most = NOTHING
  for (const k of neighbours.get(end) ?? []) {
    if (k === other) continue
    const v = cross(sub(at(k), at(end)), along)
    const length = dot(v, v)
    if (length < most) continue
    if (length > DIVERGENT) return v
    most = length
    best = v
  }
  return best
}
