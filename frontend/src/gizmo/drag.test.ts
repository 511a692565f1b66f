import { describe, expect, it } from 'vitest'
import { fromEuler, rotate } from '../geometry/quat'
import { followNumber, typeNumber } from './modal'
import { addScaled, distance, dot, normalize, sub, type Vec3 } from '../geometry/vec3'
import { DEFAULT_CAMERA, viewAxes, type Camera } from '../viewer/camera'
import { project, rayThrough } from '../viewer/projection'
import {
  blobAxis, moveAlongAxis, moveInPlane, rayToAxis, rayToPlane, signedAngle, stretchAll, stretchAxis, turnAboutAxis, turnInView, type Axis, type Pose,
} from './drag'

const viewport = { width: 800, height: 600 }
const camera: Camera = { target: [0, 0, 0], rotation: fromEuler([25, -40, 10]), distance: 35 }
const pose: Pose = { center: [1, 0.5, -0.5], widths: [1.5, 1, 0.6], rotation: fromEuler([60, 10, 20]) }
const limits = { min: 0.05, max: 15 }
const axes: Axis[] = [0, 1, 2]

/** The ray through the pixel that shows this point. */
function rayAt(point: Vec3, c: Camera = camera) {
  const p = project(c, viewport, point)
  return rayThrough(c, viewport, p.x, p.y)
}

describe('rays', () => {
  it('find the nearest point of a line', () => {
    const ray = { origin: [0, 0, 10] as Vec3, direction: [0, 0, -1] as Vec3 }
    expect(rayToAxis(ray, [-3, 2, 0], [1, 0, 0])).toBeCloseTo(3, 12)
    expect(rayToAxis(ray, [0, 0, 0], [0, 0, 1])).toBeNull()
  })

  it('meet planes in front of them only', () => {
    const ray = { origin: [1, 1, 10] as Vec3, direction: [0, 0, -1] as Vec3 }
    expect(rayToPlane(ray, [0, 0, 2], [0, 0, 1])).toEqual([1, 1, 2])
    expect(rayToPlane(ray, [0, 0, 12], [0, 0, 1])).toBeNull()
    expect(rayToPlane(ray, [0, 0, 0], [1, 0, 0])).toBeNull()
  })

  it('give angles a sign', () => {
    expect(signedAngle([0, 0, 1], [1, 0, 0], [0, 1, 0])).toBeCloseTo(Math.PI / 2, 12)
    expect(signedAngle([0, 0, -1], [1, 0, 0], [0, 1, 0])).toBeCloseTo(-Math.PI / 2, 12)
  })
})

describe('moving', () => {
  it.each(axes)('along axis %i follows a pointer that stays on the axis', (axis) => {
    const direction = blobAxis(pose, axis)
    const from = rayAt(addScaled(pose.center, direction, 2))
    const to = rayAt(addScaled(pose.center, direction, 3.25))
    const moved = moveAlongAxis(pose, axis, from, to)
    expect(distance(moved.center, addScaled(pose.center, direction, 1.25))).toBeLessThan(1e-9)
  })

  it('in the plane keeps the grabbed point under the pointer and the depth', () => {
    const [right, up, out] = viewAxes(camera)
    const goal = addScaled(addScaled(pose.center, right, 1.7), up, -0.8)
    const moved = moveInPlane(pose, out, rayAt(pose.center), rayAt(goal))
    expect(distance(moved.center, goal)).toBeLessThan(1e-9)
    expect(dot(sub(moved.center, pose.center), out)).toBeCloseTo(0, 9)
  })

  it('does nothing along an axis that points at the eye', () => {
    const ray = rayAt(pose.center)
    const facing: Pose = { ...pose, rotation: fromEuler([0, 0, 0]) }
    const along = { origin: addScaled(facing.center, [1, 0, 0], 10), direction: [-1, 0, 0] as Vec3 }
    expect(moveAlongAxis(facing, 0, along, ray)).toBe(facing)
  })
})

describe('turning', () => {
  it.each(axes)('about axis %i by the angle swept on the ring', (axis) => {
    const normal = blobAxis(pose, axis)
    const inPlane = blobAxis(pose, ((axis + 1) % 3) as Axis)
    const across = blobAxis(pose, ((axis + 2) % 3) as Axis)
    const onRing = (angle: number): Vec3 =>
      addScaled(addScaled(pose.center, inPlane, 3 * Math.cos(angle)), across, 3 * Math.sin(angle))
    const after = turnAboutAxis(pose, axis, rayAt(onRing(0.3)), rayAt(onRing(1.1)), 3)
    expect(rotate(after.rotation, [+(axis === 0), +(axis === 1), +(axis === 2)])).toEqual(
      normal.map((x) => expect.closeTo(x, 9) as number),
    )
    expect(signedAngle(normal, inPlane, blobAxis(after, ((axis + 1) % 3) as Axis))).toBeCloseTo(0.8, 6)
    expect(after.center).toBe(pose.center)
  })

  it('still turns, the right way, when the ring is seen edge-on', () => {
    const [right, , out] = viewAxes(camera)
    const [, up] = viewAxes(camera)
    // Axis 0 lies across the screen: its ring is edge-on and runs up and down through the centre.
    const edgeOn: Pose = { ...pose, center: [0, 0, 0], rotation: normalizeFrom(right, up) }
    const onRing = (angle: number): Vec3 => addScaled(addScaled([0, 0, 0], out, 3 * Math.cos(angle)), up, 3 * Math.sin(angle))
    const after = turnAboutAxis(edgeOn, 0, rayAt(onRing(0)), rayAt(onRing(-0.2)), 3)
    const angle = signedAngle(right, blobAxis(edgeOn, 1), blobAxis(after, 1))
    expect(angle).toBeGreaterThan(0.12)
    expect(angle).toBeLessThan(0.28)
  })

  it('in the view goes with the pointer about the centre', () => {
    const [right, up, out] = viewAxes(camera)
    const after = turnInView(pose, out, rayAt(addScaled(pose.center, right, 2)), rayAt(addScaled(pose.center, up, 2)))
    expect(signedAngle(out, project2(pose, out), project2(after, out))).toBeCloseTo(Math.PI / 2, 6)
  })
})

describe('stretching', () => {
  it.each(axes)('axis %i doubles when the knob goes twice as far', (axis) => {
    const direction = blobAxis(pose, axis)
    const after = stretchAxis(pose, axis, rayAt(addScaled(pose.center, direction, 1.2)), rayAt(addScaled(pose.center, direction, 2.4)), limits)
    after.widths.forEach((w, i) => expect(w).toBeCloseTo(pose.widths[i] * (i === axis ? 2 : 1), 8))
  })

  it('keeps every width inside its limits and positive', () => {
    const direction = blobAxis(pose, 0)
    const far = stretchAxis(pose, 0, rayAt(addScaled(pose.center, direction, 0.1)), rayAt(addScaled(pose.center, direction, 9)), limits)
    expect(far.widths[0]).toBe(15)
    const through = stretchAxis(pose, 0, rayAt(addScaled(pose.center, direction, 1)), rayAt(addScaled(pose.center, direction, -1e-7)), limits)
    expect(through.widths[0]).toBe(0.05)
  })

  it('all axes alike', () => {
    const [r, , out] = viewAxes(camera)
    const after = stretchAll(pose, out, rayAt(addScaled(pose.center, r, 1)), rayAt(addScaled(pose.center, r, 1.5)), limits)
    after.widths.forEach((w, i) => expect(w / pose.widths[i]).toBeCloseTo(1.5, 8))
  })
})

/** The blob's first axis, flattened into the plane of the screen. */
function project2(p: Pose, normal: Vec3): Vec3 {
  const axis = blobAxis(p, 0)
  return normalize(addScaled(axis, normal, -dot(axis, normal)))
}

function normalizeFrom(x: Vec3, y: Vec3): Pose['rotation'] {
  const z: Vec3 = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]]
  const trace = x[0] + y[1] + z[2]
  const w = Math.sqrt(Math.max(1e-12, 1 + trace)) / 2
  return [(y[2] - z[1]) / (4 * w), (z[0] - x[2]) / (4 * w), (x[1] - y[0]) / (4 * w), w]
}

describe('typed numbers', () => {
  const start: Pose = { center: [1, 2, 3], widths: [1, 2, 3], rotation: [0, 0, 0, 1] }
  const limits = { min: 0.05, max: 15 }

  it('move along an axis, turn about it, and stretch', () => {
    expect(followNumber({ kind: 'move', axis: 1, start }, -1.5, DEFAULT_CAMERA, limits).center).toEqual([1, 0.5, 3])
    const turned = followNumber({ kind: 'turn', axis: 2, start }, 90, DEFAULT_CAMERA, limits)
    expect(turned.rotation[2]).toBeCloseTo(Math.SQRT1_2)
    expect(followNumber({ kind: 'stretch', axis: 0, start }, 2, DEFAULT_CAMERA, limits).widths).toEqual([2, 2, 3])
    expect(followNumber({ kind: 'stretch', axis: null, start }, 0, DEFAULT_CAMERA, limits).widths).toEqual([0.05, 0.05, 0.05])
  })

  it('are typed key by key', () => {
    const type = (keys: string) => keys.split('').reduce((typed, key) => typeNumber(typed, key) ?? typed, '')
    expect(type('1,25')).toBe('1.25')
    expect(type('12.-')).toBe('-12.')
    expect(type('-3-')).toBe('3')
    expect(type('1.2.3')).toBe('1.23')
    expect(typeNumber('12', 'Backspace')).toBe('1')
    expect(typeNumber('', 'Backspace')).toBeNull()
    expect(typeNumber('1', 'x')).toBeNull()
  })
})
