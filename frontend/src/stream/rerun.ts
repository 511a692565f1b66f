import type { Bond } from '../chemistry/bonds'
import { repeatBonds } from './batch'
import type { Candidate, Topology } from './protocol'
import { Trajectory } from './trajectory'

/**
 * The frames of a run in which failed candidates have given way to others, that were run unseen and may have other atoms: these lie
 * where they ended in every frame, since no one saw how they came there. The trajectory itself when there are none.
 */
export function withReruns(trajectory: Trajectory, candidates: readonly Candidate[], frozen: readonly Bond[]): Trajectory {
  const { topology, frames } = trajectory
  const end = frames.at(-1)
  if (end === undefined || candidates.length !== topology.ptr.length - 1) return trajectory
  const replaced = candidates.map((candidate, m) => !isSame(candidate, m, topology, end.positions))
  if (!replaced.includes(true)) return trajectory
  const next = newTopology(topology, candidates)
  const made = new Trajectory(next, repeatBonds(frozen, next.ptr))
  frames.forEach((frame, k) => {
    const last = k === frames.length - 1
    const parts = candidates.map((candidate, m) =>
      replaced[m] ? candidate.positions.flat() : frame.positions.subarray(3 * topology.ptr[m], 3 * topology.ptr[m + 1]),
    )
    const measured = (own: Float32Array, of: (candidate: Candidate) => number | null) =>
      own.map((value, m) => (replaced[m] ? (last ? (of(candidates[m]) ?? NaN) : NaN) : value))
    made.push({
      job: 0,
      seq: trajectory.lastSeq - (frames.length - 1) + k,
      step: frame.step,
      serverMicros: 0n,
      final: last,
      key: true,
      droppedBefore: false,
      positions: Float32Array.from(parts.flatMap((part) => [...part])),
      sigmaHat: measured(frame.sigmaHat, (c) => c.sigma_hat),
      rmsForce: measured(frame.rmsForce, (c) => c.rms_force),
    })
  })
  return made
}

/** Frames carry the nearest float32 of what the result says. */
function isSame({ numbers, positions }: Candidate, m: number, topology: Topology, end: Float32Array): boolean {
  const start = topology.ptr[m]
  if (numbers.length !== topology.ptr[m + 1] - start) return false
  return numbers.every((z, i) => topology.numbers[start + i] === z && positions[i].every((x, k) => Math.fround(x) === end[3 * (start + i) + k]))
}

function newTopology(topology: Topology, candidates: readonly Candidate[]): Topology {
  const ptr = [0]
  for (const { numbers } of candidates) ptr.push(ptr[ptr.length - 1] + numbers.length)
  return {
    ...topology,
    ptr,
    numbers: candidates.flatMap((c) => c.numbers),
    // The scaffold is the same in all, and comes first.
    fixed: candidates.flatMap(({ numbers }, m) => {
      const frozen = topology.fixed.slice(topology.ptr[m], topology.ptr[m + 1]).filter(Boolean).length
      return numbers.map((_, i) => i < frozen)
    }),
  }
}
