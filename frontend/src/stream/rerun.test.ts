import { describe, expect, it } from 'vitest'
import type { Candidate, Topology } from './protocol'
import { withReruns } from './rerun'
import { Trajectory } from './trajectory'

const topology: Topology = { type: 'topology', job: '4', ptr: [0, 2, 4], numbers: [6, 8, 6, 8], fixed: [true, false, true, false] }

function frame(seq: number, positions: number[]) {
  return {
    job: 4, seq, step: seq, serverMicros: 0n, final: false, key: true, droppedBefore: false,
    positions: Float32Array.from(positions), sigmaHat: Float32Array.of(0.5, 0.7), rmsForce: Float32Array.of(0.2, 0.3),
  }
}

const first = [0, 0, 0, 1.2, 0, 0]
const candidate = (numbers: number[], positions: Candidate['positions']): Candidate => ({
  numbers, positions, smiles: null, valid: true, reason: null, bonds: [], steps: 3, sigma_hat: 0.01, rms_force: 0.02,
})

function run(): Trajectory {
  const trajectory = new Trajectory(topology, [])
  trajectory.push(frame(3, [...first, 0, 0, 0, 9, 9, 9]))
  trajectory.push(frame(4, [...first, 0, 0, 0, 0.1, 7, 7]))
  return trajectory
}

describe('candidates that were run again', () => {
  it('leave a run as it is in which nothing was', () => {
    const trajectory = run()
    const kept = candidate([6, 8], [[0, 0, 0], [0.1, 7, 7]]) // 0.1 is no float32
    expect(withReruns(trajectory, [candidate([6, 8], [[0, 0, 0], [1.2, 0, 0]]), kept], [])).toBe(trajectory)
  })

  it('lie where they ended, with atoms of their own, beside those that moved', () => {
    const trajectory = run()
    const other = candidate([6, 8, 1], [[0, 0, 0], [0, 1.2, 0], [0, 0, 1.1]])
    const made = withReruns(trajectory, [candidate([6, 8], [[0, 0, 0], [1.2, 0, 0]]), other], [])
    expect(made.topology.ptr).toEqual([0, 2, 5])
    expect(made.topology.numbers).toEqual([6, 8, 6, 8, 1])
    expect(made.topology.fixed).toEqual([true, false, true, false, false])
    expect(made.length).toBe(2)
    expect(made.lastSeq).toBe(4)
    for (const { positions } of made.frames) {
      expect([...positions.subarray(0, 6)]).toEqual([...Float32Array.from(first)])
      expect([...positions.subarray(6)]).toEqual([...Float32Array.from(other.positions.flat())])
    }
    expect(made.frames.map((f) => [f.sigmaHat[0], f.sigmaHat[1]])).toEqual([[0.5, NaN], [0.5, Math.fround(0.01)]])
  })
})
