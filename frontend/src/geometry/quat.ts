import { cross, dot, normalize, perpendicular, type Vec3 } from './vec3'

/** Unit quaternion (x, y, z, w), the order that 3Dmol uses. */
export type Quat = readonly [number, number, number, number]
export type Mat3 = readonly [Vec3, Vec3, Vec3]

export const IDENTITY: Quat = [0, 0, 0, 1]

export function normalizeQuat(q: Quat): Quat {
  const n = Math.hypot(q[0], q[1], q[2], q[3])
  return n > 1e-12 ? [q[0] / n, q[1] / n, q[2] / n, q[3] / n] : IDENTITY
}

/** Hamilton product: `rotate(multiply(a, b), v) = rotate(a, rotate(b, v))`. */
export function multiply(a: Quat, b: Quat): Quat {
  const [ax, ay, az, aw] = a
  const [bx, by, bz, bw] = b
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ]
}

export const conjugate = (q: Quat): Quat => [-q[0], -q[1], -q[2], q[3]]

export function rotate(q: Quat, v: Vec3): Vec3 {
  const [x, y, z, w] = q
  const tx = 2 * (y * v[2] - z * v[1])
  const ty = 2 * (z * v[0] - x * v[2])
  const tz = 2 * (x * v[1] - y * v[0])
  return [
    v[0] + w * tx + y * tz - z * ty,
    v[1] + w * ty + z * tx - x * tz,
    v[2] + w * tz + x * ty - y * tx,
  ]
}

/** Rotation by `angle` radians about `axis`, right-handed. */
export function fromAxisAngle(axis: Vec3, angle: number): Quat {
  const u = normalize(axis)
  const s = Math.sin(angle / 2)
  return [u[0] * s, u[1] * s, u[2] * s, Math.cos(angle / 2)]
}

/** The shortest rotation that takes direction `from` to direction `to`. */
export function between(from: Vec3, to: Vec3): Quat {
  const a = normalize(from)
  const b = normalize(to)
  const c = dot(a, b)
  if (c < -0.999999) return fromAxisAngle(perpendicular(a), Math.PI)
  const axis = cross(a, b)
  return normalizeQuat([axis[0], axis[1], axis[2], 1 + c])
}

/** Rows of the rotation matrix; row i dotted with v is component i of the turned v. */
export function toMatrix(q: Quat): Mat3 {
  const columns = [rotate(q, [1, 0, 0]), rotate(q, [0, 1, 0]), rotate(q, [0, 0, 1])] as const
  return [
    [columns[0][0], columns[1][0], columns[2][0]],
    [columns[0][1], columns[1][1], columns[2][1]],
    [columns[0][2], columns[1][2], columns[2][2]],
  ]
}

/** Whether one orientation is another, turned about its own x alone. */
export const isTurnAboutX = (a: Quat, b: Quat): boolean => dot(rotate(a, [1, 0, 0]), rotate(b, [1, 0, 0])) > 1 - 1e-9

const DEGREE = Math.PI / 180

/** Turns about x, then y, then z (fixed axes), in degrees. */
export function fromEuler([x, y, z]: Vec3): Quat {
  const qx = fromAxisAngle([1, 0, 0], x * DEGREE)
  const qy = fromAxisAngle([0, 1, 0], y * DEGREE)
  const qz = fromAxisAngle([0, 0, 1], z * DEGREE)
  return normalizeQuat(multiply(qz, multiply(qy, qx)))
}

/** Inverse of `fromEuler`; y lies in [-90°, 90°]. */
export function toEuler(q: Quat): Vec3 {
  const m = toMatrix(q)
  const sinY = Math.max(-1, Math.min(1, -m[2][0]))
  const y = Math.asin(sinY)
  if (Math.abs(sinY) > 0.999999) {
    return [0, y / DEGREE, Math.atan2(-m[0][1], m[1][1]) / DEGREE]
  }
  return [Math.atan2(m[2][1], m[2][2]) / DEGREE, y / DEGREE, Math.atan2(m[1][0], m[0][0]) / DEGREE]
}

/** The rotation that takes the unit axes to these three orthonormal, right-handed vectors. */
export function fromMatrixColumns(x: Vec3, y: Vec3, z: Vec3): Quat {
  const first = between([1, 0, 0], x)
  const turned = rotate(first, [0, 1, 0])
  // What is left is a turn about x alone.
  const angle = Math.atan2(dot(turned, z), dot(turned, y))
  return normalizeQuat(multiply(fromAxisAngle(x, -angle), first))
}
