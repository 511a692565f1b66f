/** Vectors in ångström unless a name says otherwise; every function returns a new value. */
export type Vec3 = readonly [number, number, number]

export const ZERO: Vec3 = [0, 0, 0]
export const AXES: readonly [Vec3, Vec3, Vec3] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
]

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
export const sub = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
export const scale = (a: Vec3, s: number): Vec3 => [a[0] * s, a[1] * s, a[2] * s]
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
export const norm = (a: Vec3): number => Math.hypot(a[0], a[1], a[2])
export const distance = (a: Vec3, b: Vec3): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
export const addScaled = (a: Vec3, b: Vec3, s: number): Vec3 => [a[0] + b[0] * s, a[1] + b[1] * s, a[2] + b[2] * s]

export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
]

/** Unit vector along `a`; `fallback` where `a` has no direction. */
export function normalize(a: Vec3, fallback: Vec3 = [1, 0, 0]): Vec3 {
  const length = norm(a)
  return length > 1e-12 ? scale(a, 1 / length) : fallback
}

/** Some unit vector at right angles to `a`. */
export function perpendicular(a: Vec3): Vec3 {
  const helper: Vec3 = Math.abs(a[0]) < 0.7 ? [1, 0, 0] : [0, 1, 0]
  return normalize(cross(a, helper))
}

export function centroid(points: readonly Vec3[]): Vec3 {
  if (points.length === 0) return ZERO
  let sum = ZERO
  for (const p of points) sum = add(sum, p)
  return scale(sum, 1 / points.length)
}

/** `v` with component `i` replaced. */
export function withComponent(v: Vec3, i: number, value: number): Vec3 {
  return [i === 0 ? value : v[0], i === 1 ? value : v[1], i === 2 ? value : v[2]]
}
