import type { Camera, Viewport } from '../viewer/camera'
import { viewAxes } from '../viewer/camera'
import { rayThrough } from '../viewer/projection'
import { addScaled, type Vec3 } from '../geometry/vec3'
import {
  blobAxis, moveAlongAxis, moveInPlane, stretchAll, stretchAxis, stretchedBy, turnAboutAxis, turned, turnInView, withWidth, type Axis, type Pose,
} from './drag'
import type { Point } from './handles'

export type Transform = 'move' | 'turn' | 'stretch'

export interface Gesture {
  readonly kind: Transform
  /** One of the blob's own axes; null: all of them, in the plane of the screen. */
  readonly axis: Axis | null
  readonly start: Pose
}

/** The pose after the pointer has gone from one pixel to another. `ringRadius` Å serves rings seen edge-on. */
export function followPointer(
  { kind, axis, start }: Gesture,
  from: Point,
  to: Point,
  camera: Camera,
  viewport: Viewport,
  limits: { min: number; max: number },
  ringRadius = 2,
): Pose {
  const [a, b] = [rayThrough(camera, viewport, from.x, from.y), rayThrough(camera, viewport, to.x, to.y)]
  const out = viewAxes(camera)[2]
  switch (kind) {
    case 'move':
      return axis === null ? moveInPlane(start, out, a, b) : moveAlongAxis(start, axis, a, b)
    case 'turn':
      return axis === null ? turnInView(start, out, a, b) : turnAboutAxis(start, axis, a, b, ringRadius)
    case 'stretch':
      return axis === null ? stretchAll(start, out, a, b, limits) : stretchAxis(start, axis, a, b, limits)
  }
}

const NUDGE = 0.1
const TURN = (5 * Math.PI) / 180
const STRETCH = 1.05

/** The pose after an arrow key: `steps` is ±1, or ±10 with Shift. */
export function followKey(
  { kind, axis, start }: Gesture,
  direction: Vec3,
  steps: number,
  camera: Camera,
  limits: { min: number; max: number },
): Pose {
  switch (kind) {
    case 'move':
      return { ...start, center: addScaled(start.center, axis === null ? direction : blobAxis(start, axis), NUDGE * steps) }
    case 'turn':
      return turned(start, axis === null ? viewAxes(camera)[2] : blobAxis(start, axis), TURN * steps)
    case 'stretch':
      return axis === null
        ? stretchedBy(start, STRETCH ** steps, limits)
        : withWidth(start, axis, start.widths[axis] * STRETCH ** steps, limits)
  }
}

/** The pose that a typed number asks for: so many Å, degrees, or times as large. */
export function followNumber({ kind, axis, start }: Gesture, value: number, camera: Camera, limits: { min: number; max: number }): Pose {
  switch (kind) {
    case 'move':
      return { ...start, center: addScaled(start.center, blobAxis(start, axis ?? 0), value) }
    case 'turn':
      return turned(start, axis === null ? viewAxes(camera)[2] : blobAxis(start, axis), (value * Math.PI) / 180)
    case 'stretch':
      return axis === null ? stretchedBy(start, value, limits) : withWidth(start, axis, start.widths[axis] * value, limits)
  }
}

/** What a number that is being typed becomes with this key; null when the key is no part of one. */
export function typeNumber(typed: string, key: string): string | null {
  if (key === 'Backspace') return typed === '' ? null : typed.slice(0, -1)
  if (key === '-') return typed.startsWith('-') ? typed.slice(1) : `-${typed}`
  if (key === ',' || key === '.') return typed.includes('.') ? typed : `${typed}.`
  return /^\d$/.test(key) && typed.length < 8 ? typed + key : null
}

/** What has changed, in a few characters for beside the pointer. */
export function readout({ kind, axis, start }: Gesture, now: Pose): string {
  const name = axis === null ? '' : `${'xyz'.charAt(axis)} `
  switch (kind) {
    case 'move': {
      const d: Vec3 = [now.center[0] - start.center[0], now.center[1] - start.center[1], now.center[2] - start.center[2]]
      return `${name}${Math.hypot(...d).toFixed(2)} Å`
    }
    case 'turn': {
      const [a, b] = [start.rotation, now.rotation]
      const cos = Math.abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3])
      return `${name}${((2 * Math.acos(Math.min(1, cos)) * 180) / Math.PI).toFixed(0)}°`
    }
    case 'stretch':
      return axis === null ? now.widths.map((w) => w.toFixed(2)).join(' × ') + ' Å' : `${name}${now.widths[axis].toFixed(2)} Å`
  }
}
