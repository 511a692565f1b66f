import { toMatrix, type Quat } from '../geometry/quat'
import { addScaled, cross, dot, normalize, sub, type Vec3 } from '../geometry/vec3'
import { focalLength, fromView, type Camera, type Viewport } from './camera'

export interface ScreenPoint {
  /** CSS pixels from the canvas's left and top. */
  readonly x: number
  readonly y: number
  /** Å from the eye along the line of sight. */
  readonly depth: number
  /** Pixels per Å at that depth. */
  readonly scale: number
}

export interface Ray {
  readonly origin: Vec3
  /** Unit vector. */
  readonly direction: Vec3
}

const NEAREST_DEPTH = 0.1

export function project(camera: Camera, viewport: Viewport, point: Vec3): ScreenPoint {
  const rows = toMatrix(camera.rotation)
  const p = sub(point, camera.target)
  const depth = Math.max(NEAREST_DEPTH, camera.distance - dot(rows[2], p))
  const scale = focalLength(viewport) / depth
  return {
    x: viewport.width / 2 + dot(rows[0], p) * scale,
    y: viewport.height / 2 - dot(rows[1], p) * scale,
    depth,
    scale,
  }
}

/** The ray from the eye through a pixel. */
export function rayThrough(camera: Camera, viewport: Viewport, x: number, y: number): Ray {
  const f = focalLength(viewport)
  return {
    origin: eye(camera),
    direction: normalize(fromView(camera, [(x - viewport.width / 2) / f, (viewport.height / 2 - y) / f, -1])),
  }
}

export const eye = (camera: Camera): Vec3 => addScaled(camera.target, fromView(camera, [0, 0, 1]), camera.distance)

/** An ellipse on the screen: centre, half axes in pixels, and the first axis's angle in radians (y down). */
export interface ScreenEllipse {
  readonly x: number
  readonly y: number
  readonly rx: number
  readonly ry: number
  readonly angle: number
}

/**
 * The outline of an ellipsoid, exact for points seen from afar: its shadow along the line of sight, with the scale at its centre.
 * At the view angle of 20° the difference from the true outline is a pixel or two.
 */
export function silhouette(
  camera: Camera,
  viewport: Viewport,
  ellipsoid: { center: Vec3; radii: Vec3; rotation: Quat },
): ScreenEllipse {
  const c = project(camera, viewport, ellipsoid.center)
  const toEye = normalize(sub(eye(camera), ellipsoid.center))
  const axes = toMatrix(ellipsoid.rotation)
  // Screen axes at right angles to the line of sight through the centre.
  const up = fromView(camera, [0, 1, 0])
  const right = normalize(cross(up, toEye))
  const top = cross(toEye, right)
  const component = (direction: Vec3, i: number): number =>
    (direction[0] * axes[0][i] + direction[1] * axes[1][i] + direction[2] * axes[2][i]) * ellipsoid.radii[i]
  const u = [0, 1, 2].map((i) => component(right, i))
  const v = [0, 1, 2].map((i) => component(top, i))
  const uu = u[0] ** 2 + u[1] ** 2 + u[2] ** 2
  const vv = v[0] ** 2 + v[1] ** 2 + v[2] ** 2
  const uv = u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
  const mean = (uu + vv) / 2
  const spread = Math.hypot((uu - vv) / 2, uv)
  const angle = 0.5 * Math.atan2(2 * uv, uu - vv)
  return {
    x: c.x,
    y: c.y,
    rx: Math.sqrt(mean + spread) * c.scale,
    ry: Math.sqrt(Math.max(0, mean - spread)) * c.scale,
    angle: -angle,
  }
}
