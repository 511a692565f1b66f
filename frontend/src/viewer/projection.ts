import { toMatrix, type Quat } from '../geometry/quat'
import { addScaled, dot, normalize, sub, type Vec3 } from '../geometry/vec3'
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
 * The exact outline of an ellipsoid in perspective. With the eye at the origin and the surface's dual quadric
 * [M - c cᵀ, -c; -cᵀ, -1] (c its centre, M = R diag(r²) Rᵀ, both in view axes), the outline's dual conic is M - c cᵀ.
 * Meaningless when the eye is inside.
 */
export function silhouette(
  camera: Camera,
  viewport: Viewport,
  { center, radii, rotation }: { center: Vec3; radii: Vec3; rotation: Quat },
): ScreenEllipse {
  const rows = toMatrix(camera.rotation)
  const p = sub(center, camera.target)
  // Depth grows away from the eye, so the third axis is turned round.
  const c = [dot(rows[0], p), dot(rows[1], p), camera.distance - dot(rows[2], p)]
  const axes = toMatrix(rotation)
  const inView = [0, 1, 2].map((k): Vec3 => {
    const axis: Vec3 = [axes[0][k] * radii[k], axes[1][k] * radii[k], axes[2][k] * radii[k]]
    return [dot(rows[0], axis), dot(rows[1], axis), -dot(rows[2], axis)]
  })
  const dual = (i: number, j: number): number => inView.reduce((sum, a) => sum + a[i] * a[j], 0) - c[i] * c[j]
  const w = -dual(2, 2)
  const [x, y] = [-dual(0, 2) / w, -dual(1, 2) / w]
  const [xx, xy, yy] = [dual(0, 0) / w + x * x, dual(0, 1) / w + x * y, dual(1, 1) / w + y * y]
  const mean = (xx + yy) / 2
  const spread = Math.hypot((xx - yy) / 2, xy)
  const f = focalLength(viewport)
  return {
    x: viewport.width / 2 + x * f,
    y: viewport.height / 2 - y * f,
    rx: Math.sqrt(mean + spread) * f,
    ry: Math.sqrt(Math.max(0, mean - spread)) * f,
    angle: -0.5 * Math.atan2(2 * xy, xx - yy),
  }
}

/** Whether nothing of an ellipsoid is cut off by the edges of the picture. */
export function isWithin(camera: Camera, viewport: Viewport, ellipsoid: { center: Vec3; radii: Vec3; rotation: Quat }): boolean {
  const { x, y, rx, ry, angle } = silhouette(camera, viewport, ellipsoid)
  const [c, s] = [Math.cos(angle), Math.sin(angle)]
  const [wide, high] = [Math.hypot(rx * c, ry * s), Math.hypot(rx * s, ry * c)]
  return x >= wide && x <= viewport.width - wide && y >= high && y <= viewport.height - high
}
