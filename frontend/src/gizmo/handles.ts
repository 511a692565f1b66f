import { SHELL_50 } from '../geometry/ellipsoid'
import { addScaled, dot, normalize, scale, sub, type Vec3 } from '../geometry/vec3'
import type { Camera, Viewport } from '../viewer/camera'
import { eye, project } from '../viewer/projection'
import { blobAxis, type Axis, type Pose } from './drag'

export interface Point {
  readonly x: number
  readonly y: number
}

/** Where the handles of one axis stand on the screen, in canvas pixels. */
export interface AxisHandles {
  readonly axis: Axis
  /** The axis points so nearly at the eye that its line cannot be grabbed. */
  readonly hidden: boolean
  readonly stem: Point
  readonly tip: Point
  /** Where the axis leaves the inner shell. */
  readonly knob: Point
  /** The half of the ring that faces the viewer; all of it where it lies flat on the screen. */
  readonly ring: readonly Point[]
}

export interface Handles {
  readonly center: Point
  /** Å; of the rings. */
  readonly ringRadius: number
  readonly axes: readonly [AxisHandles, AxisHandles, AxisHandles]
}

const ARROW_PX = 44
const RING_GAP_PX = 20
/** Lines shorter than this on the screen are hidden. */
const SHORTEST_PX = 16
const RING_POINTS = 49
/** |cos| between a ring's axis and the line of sight above which the whole ring is drawn. */
const FLAT = 0.93

export function layHandles(pose: Pose, camera: Camera, viewport: Viewport): Handles {
  const c = project(camera, viewport, pose.center)
  const perPixel = 1 / c.scale
  const ringRadius = SHELL_50 * Math.max(...pose.widths) + RING_GAP_PX * perPixel
  const axes = ([0, 1, 2] as const).map((axis): AxisHandles => {
    const direction = blobAxis(pose, axis)
    const shell = SHELL_50 * pose.widths[axis]
    const at = (t: number): Point => flat(project(camera, viewport, addScaled(pose.center, direction, t)))
    const stem = at(shell + 8 * perPixel)
    const tip = at(shell + (8 + ARROW_PX) * perPixel)
    return {
      axis,
      hidden: Math.hypot(tip.x - stem.x, tip.y - stem.y) < SHORTEST_PX,
      stem,
      tip,
      knob: at(shell),
      ring: nearRing(pose, axis, ringRadius, camera, viewport),
    }
  })
  return { center: flat(c), ringRadius, axes: [axes[0], axes[1], axes[2]] }
}

function nearRing(pose: Pose, axis: Axis, radius: number, camera: Camera, viewport: Viewport): Point[] {
  const normal = blobAxis(pose, axis)
  const toEye = normalize(sub(eye(camera), pose.center))
  const facing = dot(toEye, normal)
  const share = Math.abs(facing) > FLAT ? 2 : 0.94
  const inPlane = sub(toEye, scale(normal, facing))
  const u = normalize(inPlane, blobAxis(pose, ((axis + 1) % 3) as Axis))
  const v: Vec3 = [normal[1] * u[2] - normal[2] * u[1], normal[2] * u[0] - normal[0] * u[2], normal[0] * u[1] - normal[1] * u[0]]
  return Array.from({ length: RING_POINTS }, (_, k) => {
    const angle = (-0.5 + k / (RING_POINTS - 1)) * Math.PI * share
    const p = addScaled(addScaled(pose.center, u, radius * Math.cos(angle)), v, radius * Math.sin(angle))
    return flat(project(camera, viewport, p))
  })
}

const flat = ({ x, y }: Point): Point => ({ x, y })

export const toPath = (points: readonly Point[]): string =>
  points.map(({ x, y }, k) => `${k === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')
