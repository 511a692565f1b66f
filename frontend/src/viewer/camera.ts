import { conjugate, fromAxisAngle, fromEuler, multiply, normalizeQuat, rotate, type Quat } from '../geometry/quat'
import { add, sub, type Vec3 } from '../geometry/vec3'

/** Looks at `target` from `distance` Å; `rotation` takes scene axes to view axes (x right, y up, z to the viewer). */
export interface Camera {
  readonly target: Vec3
  readonly rotation: Quat
  readonly distance: number
}

/** The part of the page that the canvas covers, in CSS pixels. */
export interface Viewport {
  readonly width: number
  readonly height: number
}

export const FIELD_OF_VIEW = (20 * Math.PI) / 180
/** A little from above and from the side, so that depth can be seen at once. */
export const DEFAULT_CAMERA: Camera = { target: [0, 0, 0], rotation: fromEuler([22, -28, 0]), distance: 40 }
const NEAREST = 4
const FARTHEST = 700

/** Pixels per unit of slope: a point at depth d appears `focalLength / d` pixels large per Å. */
export const focalLength = (viewport: Viewport): number => viewport.height / 2 / Math.tan(FIELD_OF_VIEW / 2)

const clampDistance = (d: number): number => Math.min(FARTHEST, Math.max(NEAREST, d))

/** Turns the scene under the pointer about `pivot`, which keeps its place on the screen; the whole height is half a turn. */
export function orbit(camera: Camera, viewport: Viewport, dx: number, dy: number, pivot: Vec3): Camera {
  const length = Math.hypot(dx, dy)
  if (length === 0) return camera
  return turnView(camera, fromAxisAngle([dy, dx, 0], (length / viewport.height) * Math.PI), pivot)
}

/** Turns the view by a rotation given in view axes, about a point of the scene. */
function turnView(camera: Camera, turn: Quat, pivot: Vec3): Camera {
  const rotation = normalizeQuat(multiply(turn, camera.rotation))
  const offset = rotate(camera.rotation, sub(camera.target, pivot))
  return { ...camera, rotation, target: add(pivot, rotate(conjugate(rotation), offset)) }
}

/** Moves the scene with the pointer, at the target's depth. */
export function pan(camera: Camera, viewport: Viewport, dx: number, dy: number): Camera {
  const perPixel = camera.distance / focalLength(viewport)
  return { ...camera, target: add(camera.target, fromView(camera, [-dx * perPixel, dy * perPixel, 0])) }
}

/** Moves nearer (`factor` < 1) or away; what lies under the pixel at the target's depth stays there. */
export function zoom(camera: Camera, viewport: Viewport, factor: number, x: number, y: number): Camera {
  const distance = clampDistance(camera.distance * factor)
  const [dx, dy] = [x - viewport.width / 2, y - viewport.height / 2]
  const closer = (distance - camera.distance) / focalLength(viewport)
  return { ...camera, distance, target: add(camera.target, fromView(camera, [-dx * closer, dy * closer, 0])) }
}

/** A direction given along view axes, in scene axes. */
export const fromView = (camera: Camera, v: Vec3): Vec3 => rotate(conjugate(camera.rotation), v)

/** The axes of the screen in the scene: right, up, and to the viewer. */
export const viewAxes = (camera: Camera): readonly [Vec3, Vec3, Vec3] => [
  fromView(camera, [1, 0, 0]),
  fromView(camera, [0, 1, 0]),
  fromView(camera, [0, 0, 1]),
]

/** A ball that has to be in the picture. */
export interface Ball {
  readonly center: Vec3
  readonly radius: number
}

/** The same direction of view, moved so that every ball is in the picture and the whole stands in its middle. */
export function fit(camera: Camera, viewport: Viewport, balls: readonly Ball[], padding = 0.06): Camera {
  if (balls.length === 0) return camera
  const inView = balls.map(({ center, radius }) => ({ p: rotate(camera.rotation, center), radius }))
  const middle = (axis: 0 | 1 | 2): number => {
    const low = Math.min(...inView.map(({ p, radius }) => p[axis] - radius))
    const high = Math.max(...inView.map(({ p, radius }) => p[axis] + radius))
    return (low + high) / 2
  }
  const center: Vec3 = [middle(0), middle(1), middle(2)]
  const slopeY = Math.tan(FIELD_OF_VIEW / 2) * (1 - padding)
  const slopeX = (slopeY * viewport.width) / viewport.height
  let distance = NEAREST
  for (const { p, radius } of inView) {
    const z = p[2] - center[2]
    distance = Math.max(
      distance,
      z + (Math.abs(p[0] - center[0]) + radius) / slopeX,
      z + (Math.abs(p[1] - center[1]) + radius) / slopeY,
    )
  }
  return { ...camera, target: fromView(camera, center), distance: clampDistance(distance) }
}

/** The same picture in a canvas of another size: what fitted in the old one fits in the new one. */
export function resized(camera: Camera, before: Viewport, after: Viewport): Camera {
  const spread = (viewport: Viewport): number => focalLength(viewport) / Math.min(viewport.width, viewport.height)
  return { ...camera, distance: clampDistance((camera.distance * spread(after)) / spread(before)) }
}

/** Between two cameras; t in [0, 1]. */
export function mix(a: Camera, b: Camera, t: number): Camera {
  if (t >= 1) return b
  const blend = (x: number, y: number): number => x + (y - x) * t
  const sign = a.rotation.reduce((s, x, i) => s + x * b.rotation[i], 0) < 0 ? -1 : 1
  const q = a.rotation.map((x, i) => blend(x, sign * b.rotation[i]))
  return {
    target: [blend(a.target[0], b.target[0]), blend(a.target[1], b.target[1]), blend(a.target[2], b.target[2])],
    rotation: normalizeQuat([q[0], q[1], q[2], q[3]]),
    distance: Math.exp(blend(Math.log(a.distance), Math.log(b.distance))),
  }
}
