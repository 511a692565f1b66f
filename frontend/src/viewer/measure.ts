import { cross, distance, dot, normalize, sub, type Vec3 } from '../geometry/vec3'

const DEGREES = 180 / Math.PI

/** Degrees at b. */
export function angle(a: Vec3, b: Vec3, c: Vec3): number {
  const [u, v] = [normalize(sub(a, b)), normalize(sub(c, b))]
  return Math.acos(Math.max(-1, Math.min(1, dot(u, v)))) * DEGREES
}

/** Degrees about the bond b–c, in (-180, 180], positive clockwise as seen along it (IUPAC). */
export function dihedral(a: Vec3, b: Vec3, c: Vec3, d: Vec3): number {
  const axis = normalize(sub(c, b))
  const n1 = cross(sub(b, a), axis)
  const n2 = cross(axis, sub(d, c))
  return Math.atan2(dot(cross(n1, n2), axis), dot(n1, n2)) * DEGREES
}

/** A distance, an angle or a dihedral, by how many points there are; null for fewer than two. */
export function measure(points: readonly Vec3[]): string | null {
  switch (points.length) {
    case 2: return `${distance(points[0], points[1]).toFixed(3)} Å`
    case 3: return `${angle(points[0], points[1], points[2]).toFixed(1)}°`
    case 4: return `${dihedral(points[0], points[1], points[2], points[3]).toFixed(1)}°`
    default: return null
  }
}
