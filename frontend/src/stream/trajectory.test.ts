import { describe, expect, it } from 'vitest'
import type { Frame } from './codec'
import type { Topology } from './protocol'
import { Trajectory, sampleAt } from './trajectory'

const topology: Topology = { type: 'topology', job: '1', ptr: [0, 2], numbers: [6, 6], fixed: [true, false] }

const frame = (step: number, x: number): Frame => ({
  job: 1,
  seq: step,
  step,
  serverMicros: 0n,
  final: false,
  key: false,
  droppedBefore: false,
  positions: Float32Array.of(0, 0, 0, x, 0, 0),
  sigmaHat: Float32Array.of(x),
  rmsForce: Float32Array.of(x),
})

describe('Trajectory', () => {
  it('copies what it keeps, for the message buffer is not its own', () => {
    const trajectory = new Trajectory(topology, [])
    const incoming = frame(0, 1.5)
    trajectory.push(incoming)
    incoming.positions[3] = 99
    expect(trajectory.frames[0].positions[3]).toBe(1.5)
  })

  it('refuses a frame of another size', () => {
    const trajectory = new Trajectory(topology, [])
    expect(() => trajectory.push({ ...frame(0, 1), positions: new Float32Array(9) })).toThrow(/3 atoms for 2/)
  })

  it('takes every frame once and never an older one', () => {
    const trajectory = new Trajectory(topology, [])
    for (const step of [0, 1, 1, 0, 2]) trajectory.push(frame(step, step))
    expect(trajectory.frames.map((f) => f.step)).toEqual([0, 1, 2])
  })

  it('shows the same bonds on scrubbing back as it showed live', () => {
    const trajectory = new Trajectory(topology, [])
    for (let step = 0; step < 6; step++) trajectory.push(frame(step, step < 3 ? 8 : 1.5))
    const live = trajectory.frames.map((_, k) => trajectory.bondsAt(k))
    expect(live.map((bonds) => bonds.length)).toEqual([0, 0, 0, 1, 1, 1])
    expect([5, 3, 0].map((k) => trajectory.bondsAt(k))).toEqual([live[5], live[3], live[0]])
  })

  it('follows bonds over frames that nobody looked at', () => {
    const [watched, skipped] = [new Trajectory(topology, []), new Trajectory(topology, [])]
    for (let step = 0; step < 6; step++) {
      for (const trajectory of [watched, skipped]) trajectory.push(frame(step, step < 3 ? 8 : 1.5))
      watched.bondsAt(step)
    }
    expect(skipped.bondsAt(5)).toEqual(watched.bondsAt(5))
    expect(skipped.bondsAt(5)[0].strength).toBeGreaterThan(skipped.bondsAt(3)[0].strength)
  })
})

describe('sampleAt', () => {
  const trajectory = new Trajectory(topology, [])
  for (let step = 0; step < 3; step++) trajectory.push(frame(step, step * 2))
  const out = new Float32Array(6)

  it('meets the frames exactly and lies between them elsewhere', () => {
    expect(sampleAt(trajectory, 1, out)).toBe(1)
    expect(out[3]).toBe(2)
    sampleAt(trajectory, 1.25, out)
    expect(out[3]).toBe(2.5)
  })

  it('stays inside at both ends', () => {
    expect(sampleAt(trajectory, -4, out)).toBe(0)
    expect(sampleAt(trajectory, 40, out)).toBe(2)
    expect(out[3]).toBe(4)
  })
})
