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

/** A drawn atom on the screen: its middle and its radius, pixels. */
export interface Disc {
  readonly x: number
  readonly y: number
  readonly r: number
}

export interface Box {
  readonly halfWidth: number
  readonly halfHeight: number
}

const LABEL_GAP = 6

/**
 * The middle of a measurement's label: beside what is measured, on the side away from the molecule's middle, so that it hides neither the
 * atoms that were picked nor the bond between them. Beside the line of a distance, outside the corner of an angle, beside the middle bond
 * of a dihedral. It moves steadily while the view turns.
 */
export function labelPlace(discs: readonly Disc[], middle: { readonly x: number; readonly y: number }, box: Box, within: { readonly width: number; readonly height: number }): { x: number; y: number } {
  const [a, b] = discs.length === 4 ? [discs[1], discs[2]] : [discs[0], discs[discs.length - 1]]
  const at = discs.length === 3 ? discs[1] : { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
  const away = discs.length === 3 ? [at.x - (a.x + b.x) / 2, at.y - (a.y + b.y) / 2] : [at.x - middle.x, at.y - middle.y]
  const [ux, uy] = outward([b.x - a.x, b.y - a.y], away, discs.length === 3)
  const radius = Math.max(...(discs.length === 3 ? [discs[1].r] : [a.r, b.r]))
  const far = radius + LABEL_GAP + Math.abs(ux) * box.halfWidth + Math.abs(uy) * box.halfHeight
  return {
    x: keepIn(at.x + far * ux, box.halfWidth, within.width),
    y: keepIn(at.y + far * uy, box.halfHeight, within.height),
  }
}

/** The unit vector square to the line, or along `away` itself, that points `away`; up where that says nothing. */
function outward(line: readonly number[], away: readonly number[], along: boolean): readonly [number, number] {
  const reach = Math.hypot(away[0], away[1])
  if (along && reach > 1) return [away[0] / reach, away[1] / reach]
  const length = Math.hypot(line[0], line[1])
  const square: readonly [number, number] = length < 1 ? [0, -1] : [line[1] / length, -line[0] / length]
  const side = square[0] * away[0] + square[1] * away[1]
  const turn = Math.abs(side) > 1 ? side : -square[1]
  return turn < 0 ? [-square[0], -square[1]] : square
}

const keepIn = (at: number, half: number, size: number): number => Math.max(half, Math.min(size - half, at))
