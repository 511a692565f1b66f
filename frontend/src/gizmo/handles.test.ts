import { describe, expect, it } from 'vitest'
import { fromEuler } from '../geometry/quat'
import type { Camera } from '../viewer/camera'
import type { Pose } from './drag'
import { layHandles, toPath } from './handles'

const viewport = { width: 800, height: 600 }
const camera: Camera = { target: [0, 0, 0], rotation: fromEuler([30, 40, 0]), distance: 30 }
const pose: Pose = { center: [0, 0, 0], widths: [1.5, 1, 0.5], rotation: [0, 0, 0, 1] }

describe('layHandles', () => {
  it('sets knobs on the shell and arrows beyond them', () => {
    const { center, axes } = layHandles(pose, camera, viewport)
    for (const { knob, stem, tip } of axes) {
      const far = (p: { x: number; y: number }) => Math.hypot(p.x - center.x, p.y - center.y)
      expect(far(stem)).toBeGreaterThan(far(knob))
      expect(far(tip)).toBeGreaterThan(far(stem))
    }
  })

  it('keeps arrows as long on the screen however far away the blob is', () => {
    const length = (distance: number) => {
      const { tip, stem } = layHandles(pose, { ...camera, distance }, viewport).axes[0]
      return Math.hypot(tip.x - stem.x, tip.y - stem.y)
    }
    expect(Math.abs(length(120) / length(30) - 1)).toBeLessThan(0.1)
  })

  it('hides the arrow that points at the eye', () => {
    const facing: Camera = { ...camera, rotation: [0, 0, 0, 1] }
    expect(layHandles(pose, facing, viewport).axes.map((a) => a.hidden)).toEqual([false, false, true])
  })

  it('draws rings on the near side only', () => {
    const [, , z] = layHandles(pose, { ...camera, rotation: fromEuler([60, 0, 0]) }, viewport).axes
    const middle = z.ring[Math.floor(z.ring.length / 2)]
    // Tipped by 60° towards the viewer, the near half of the ring about z rises above the centre.
    expect(middle.y).toBeLessThan(290)
    expect(z.ring.every((p) => p.y < 301)).toBe(true)
    const flat = layHandles(pose, { ...camera, rotation: [0, 0, 0, 1] }, viewport).axes[2].ring
    expect(Math.max(...flat.map((p) => p.y))).toBeGreaterThan(310)
  })
})

it('writes paths', () => {
  expect(toPath([{ x: 1, y: 2 }, { x: 3.25, y: 4 }])).toBe('M1.0 2.0L3.3 4.0')
})
