import { fromAxisAngle, multiply, normalizeQuat, rotate, type Quat } from '../geometry/quat'
import { AXES, add, addScaled, cross, dot, norm, normalize, scale, sub, type Vec3 } from '../geometry/vec3'
import type { Ray } from '../viewer/projection'

export type Axis = 0 | 1 | 2

/** The pose that a gizmo changes. */
export interface Pose {
  readonly center: Vec3
  readonly widths: Vec3
  readonly rotation: Quat
}

/** Distance along a line (unit `direction`) of the point nearest to the ray; null when the two run parallel. */
export function rayToAxis(ray: Ray, origin: Vec3, direction: Vec3): number | null {
  const w = sub(origin, ray.origin)
  const b = dot(direction, ray.direction)
  const denominator = 1 - b * b
  if (denominator < 1e-6) return null
  return (b * dot(ray.direction, w) - dot(direction, w)) / denominator
}

/** Where the ray meets a plane; null when it runs along it or away from it. */
export function rayToPlane(ray: Ray, point: Vec3, normal: Vec3): Vec3 | null {
  const slope = dot(ray.direction, normal)
  if (Math.abs(slope) < 1e-6) return null
  const t = dot(sub(point, ray.origin), normal) / slope
  return t < 0 ? null : addScaled(ray.origin, ray.direction, t)
}

/** Signed angle from `from` to `to` about `axis`, radians, right-handed. */
export function signedAngle(axis: Vec3, from: Vec3, to: Vec3): number {
  return Math.atan2(dot(axis, cross(from, to)), dot(from, to))
}

/** Axis i of the blob in the scene. */
export const blobAxis = (pose: Pose, i: Axis): Vec3 => rotate(pose.rotation, AXES[i])

/** Moves along one of the blob's own axes by as much as the pointer did. */
export function moveAlongAxis(start: Pose, axis: Axis, from: Ray, to: Ray): Pose {
  const direction = blobAxis(start, axis)
  const a = rayToAxis(from, start.center, direction)
  const b = rayToAxis(to, start.center, direction)
  if (a === null || b === null) return start
  return { ...start, center: addScaled(start.center, direction, b - a) }
}

/** Moves in the plane of the screen at the blob's depth; `normal` points to the viewer. */
export function moveInPlane(start: Pose, normal: Vec3, from: Ray, to: Ray): Pose {
  const a = rayToPlane(from, start.center, normal)
  const b = rayToPlane(to, start.center, normal)
  if (a === null || b === null) return start
  return { ...start, center: add(start.center, sub(b, a)) }
}

/** Edge-on rings cannot be hit as planes: below this |cos| the drag is measured along the ring's tangent on the screen. */
const EDGE_ON = 0.2

/** Turns about one of the blob's own axes. */
export function turnAboutAxis(start: Pose, axis: Axis, from: Ray, to: Ray, radius: number): Pose {
  const normal = blobAxis(start, axis)
  const facing = Math.abs(dot(normal, from.direction))
  const angle = facing > EDGE_ON ? angleInPlane(start.center, normal, from, to) : angleAlongTangent(start.center, normal, from, to, radius)
  return turned(start, normal, angle)
}

function angleInPlane(center: Vec3, normal: Vec3, from: Ray, to: Ray): number {
  const a = rayToPlane(from, center, normal)
  const b = rayToPlane(to, center, normal)
  if (a === null || b === null) return 0
  return signedAngle(normal, sub(a, center), sub(b, center))
}

/** On the near side of an edge-on ring a turn moves along n × (to the viewer). */
function angleAlongTangent(center: Vec3, normal: Vec3, from: Ray, to: Ray, radius: number): number {
  const tangent = normalize(cross(normal, scale(from.direction, -1)))
  const a = rayToAxis(from, center, tangent)
  const b = rayToAxis(to, center, tangent)
  return a === null || b === null ? 0 : (b - a) / radius
}

/** Turns about an axis given in the scene. */
export function turned(start: Pose, axis: Vec3, angle: number): Pose {
  return { ...start, rotation: normalizeQuat(multiply(fromAxisAngle(axis, angle), start.rotation)) }
}

/** Turns about the line of sight, following the pointer's angle about the centre on the screen. */
export function turnInView(start: Pose, normal: Vec3, from: Ray, to: Ray): Pose {
  return turned(start, normal, angleInPlane(start.center, normal, from, to))
}

/** Stretches one width by the ratio of the pointer's distances from the centre, along that axis. */
export function stretchAxis(start: Pose, axis: Axis, from: Ray, to: Ray, limits: { min: number; max: number }): Pose {
  const direction = blobAxis(start, axis)
  const a = rayToAxis(from, start.center, direction)
  const b = rayToAxis(to, start.center, direction)
  if (a === null || b === null || Math.abs(a) < 1e-6) return start
  return withWidth(start, axis, start.widths[axis] * Math.abs(b / a), limits)
}

/** Stretches all widths alike by the ratio of the pointer's distances from the centre on the screen. */
export function stretchAll(start: Pose, normal: Vec3, from: Ray, to: Ray, limits: { min: number; max: number }): Pose {
  const a = rayToPlane(from, start.center, normal)
  const b = rayToPlane(to, start.center, normal)
  if (a === null || b === null) return start
  const before = norm(sub(a, start.center))
  if (before < 1e-6) return start
  return stretchedBy(start, norm(sub(b, start.center)) / before, limits)
}

/** All widths times a factor, each kept within the limits. */
export function stretchedBy(start: Pose, factor: number, { min, max }: { min: number; max: number }): Pose {
  const [x, y, z] = start.widths.map((w) => Math.min(max, Math.max(min, w * factor)))
  return { ...start, widths: [x, y, z] }
}

export function withWidth(start: Pose, axis: Axis, width: number, { min, max }: { min: number; max: number }): Pose {
  const clamped = Math.min(max, Math.max(min, width))
  const [x, y, z] = start.widths.map((w, i) => (i === axis ? clamped : w))
  return { ...start, widths: [x, y, z] }
}
