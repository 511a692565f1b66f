import { conjugate, rotate, toMatrix, type Mat3, type Quat } from './quat'
import { dot, sub, type Vec3 } from './vec3'

/** A Gaussian's shells: surfaces at this many σ enclose 50 % and 95 % of the density. */
export const SHELL_50 = 1.538
export const SHELL_95 = 2.795

/** Σ = R diag(w²) Rᵀ in Å², from widths (σ along the own axes, Å) and orientation. */
export function covariance(widths: Vec3, rotation: Quat): Mat3 {
  const m = toMatrix(rotation)
  const entry = (i: number, j: number): number => {
    const a = m[i]
    const b = m[j]
    return a[0] * b[0] * widths[0] ** 2 + a[1] * b[1] * widths[1] ** 2 + a[2] * b[2] * widths[2] ** 2
  }
  // One number for each pair, so that the matrix is symmetric to the last bit.
  const [xy, xz, yz] = [entry(0, 1), entry(0, 2), entry(1, 2)]
  return [
    [entry(0, 0), xy, xz],
    [xy, entry(1, 1), yz],
    [xz, yz, entry(2, 2)],
  ]
}

export interface Ellipsoid {
  readonly center: Vec3
  /** Half axes in Å. */
  readonly radii: Vec3
  readonly rotation: Quat
}

/** Distance along the ray to its first meeting with the surface, or null. `direction` is a unit vector. */
export function rayEllipsoid(origin: Vec3, direction: Vec3, e: Ellipsoid): number | null {
  const inverse = conjugate(e.rotation)
  const o = rotate(inverse, sub(origin, e.center))
  const d = rotate(inverse, direction)
  const os: Vec3 = [o[0] / e.radii[0], o[1] / e.radii[1], o[2] / e.radii[2]]
  const ds: Vec3 = [d[0] / e.radii[0], d[1] / e.radii[1], d[2] / e.radii[2]]
  const a = dot(ds, ds)
  const b = dot(os, ds)
  const c = dot(os, os) - 1
  const disc = b * b - a * c
  if (disc < 0) return null
  const near = (-b - Math.sqrt(disc)) / a
  const far = (-b + Math.sqrt(disc)) / a
  if (far < 0) return null
  return near >= 0 ? near : far
}

export type ShapeKind = 'ball' | 'disc' | 'rod'

/** Widths along the own axes for a geometric mean of 1: a rod lies along x, a disc across z. */
const PROPORTIONS: Record<ShapeKind, Vec3> = {
  ball: [1, 1, 1],
  disc: [1.45, 1.45, 0.476],
  rod: [2.2, 0.674, 0.674],
}

const meanWidth = (widths: Vec3): number => Math.cbrt(widths[0] * widths[1] * widths[2])

/** Another shape of the same volume, within the limits of each width. */
export function reshaped(widths: Vec3, kind: ShapeKind, { min, max }: { min: number; max: number }): Vec3 {
  const size = meanWidth(widths)
  const [x, y, z] = PROPORTIONS[kind].map((share) => Math.min(max, Math.max(min, share * size)))
  return [x, y, z]
}

/** What these widths are, within a few percent; null for what has no name. */
export function shapeOf(widths: Vec3): ShapeKind | null {
  const size = meanWidth(widths)
  const kinds: readonly ShapeKind[] = ['ball', 'disc', 'rod']
  return kinds.find((kind) => PROPORTIONS[kind].every((share, i) => Math.abs(Math.log(widths[i] / (share * size))) < 0.05)) ?? null
}
