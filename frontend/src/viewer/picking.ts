import { rayEllipsoid, type Ellipsoid } from '../geometry/ellipsoid'
import { dot, sub, type Vec3 } from '../geometry/vec3'
import type { Camera, Viewport } from './camera'
import { project, rayThrough, type Ray } from './projection'

export interface Pickable {
  readonly position: Vec3
  /** Å. */
  readonly radius: number
}

/** Extra reach about an atom, in pixels: small hydrogens are hard to hit. */
const TOLERANCE = 6

/** Index of the atom that the pixel shows: the foremost one that the ray meets, else the nearest within a few pixels. -1 for none. */
export function pickAtom(
  camera: Camera,
  viewport: Viewport,
  atoms: readonly Pickable[],
  x: number,
  y: number,
): number {
  const ray = rayThrough(camera, viewport, x, y)
  let best = -1
  let bestDistance = Infinity
  let nearest = -1
  let nearestGap = TOLERANCE
  atoms.forEach(({ position, radius }, i) => {
    const hit = raySphere(ray, position, radius)
    if (hit !== null && hit < bestDistance) {
      best = i
      bestDistance = hit
    }
    const p = project(camera, viewport, position)
    const gap = Math.hypot(p.x - x, p.y - y) - radius * p.scale
    if (gap < nearestGap) {
      nearest = i
      nearestGap = gap
    }
  })
  return best >= 0 ? best : nearest
}

/** Distance along the ray to a sphere, or null. */
export function raySphere(ray: Ray, center: Vec3, radius: number): number | null {
  const toCenter = sub(center, ray.origin)
  const along = dot(toCenter, ray.direction)
  const missSquared = dot(toCenter, toCenter) - along * along
  if (along < 0 || missSquared > radius * radius) return null
  return along - Math.sqrt(radius * radius - missSquared)
}

/** Index of the foremost ellipsoid under the pixel and its distance, or null. */
export function pickEllipsoid(
  camera: Camera,
  viewport: Viewport,
  ellipsoids: readonly Ellipsoid[],
  x: number,
  y: number,
): { index: number; distance: number } | null {
  const ray = rayThrough(camera, viewport, x, y)
  let best: { index: number; distance: number } | null = null
  ellipsoids.forEach((e, index) => {
    const distance = rayEllipsoid(ray.origin, ray.direction, e)
    if (distance !== null && (best === null || distance < best.distance)) best = { index, distance }
  })
  return best
}
