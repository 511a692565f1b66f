import type { Generation } from '../document/history'
import { openScaffold, toSpec } from '../document/spec'
import type { Design } from '../document/types'
import { newRun, type Run } from './run'
import type { Candidate, GenerateResult, Topology } from './protocol'
import { Trajectory } from './trajectory'
import { repeatBonds } from './batch'

/** A run of old as it ended: from the history, without the frames that led there. */
export function stillRun(reqId: string, design: Design, { candidates, model, stoppedAt }: Generation): { run: Run; trajectory: Trajectory } {
  const spec = { ...toSpec(design), n_samples: candidates.length }
  const topology = stillTopology(design, candidates)
  const opened = openScaffold(design)
  const trajectory = new Trajectory(topology, repeatBonds(opened?.bonds ?? [], topology.ptr))
  trajectory.push({
    job: 0,
    seq: 0,
    step: stoppedAt ?? spec.steps ?? 0,
    serverMicros: 0n,
    final: true,
    key: true,
    droppedBefore: false,
    positions: Float32Array.from(candidates.flatMap((c) => c.positions.flat())),
    sigmaHat: Float32Array.from(candidates, (c) => c.sigma_hat ?? NaN),
    rmsForce: Float32Array.from(candidates, (c) => c.rms_force ?? NaN),
  })
  const run: Run = {
    ...newRun(reqId, spec),
    phase: stoppedAt === undefined ? 'done' : 'cancelled',
    topology,
    verdicts: candidates.map(({ valid, smiles, reason, bonds }) => ({ valid, smiles, reason, bonds })),
    result: {
      job: '',
      model: model ?? '',
      seed: design.settings.seed,
      timings: { queue_s: 0, run_s: 0 },
      candidates,
      attempts: { rerun: 0, budget: 0, stopped: null },
    },
  }
  return { run, trajectory }
}

/** What a run that was stopped had come to: its candidates as its newest frame has them. Null before the first frame of its own. */
export function stoppedResult({ job, spec, verdicts }: Run, design: Design, model: string, trajectory: Trajectory | null): GenerateResult | null {
  const frame = trajectory === null || trajectory.lastSeq < 0 ? undefined : trajectory.frames.at(-1)
  if (trajectory === null || frame === undefined) return null
  const { ptr, numbers } = trajectory.topology
  // Frames are rounded; what is frozen stays bit for bit.
  const frozen = openScaffold(design)?.positions ?? []
  const steps = spec.steps ?? 64
  const measured = (value: number): number | null => (Number.isFinite(value) ? value : null)
  const candidates = ptr.slice(0, -1).map((start, m): Candidate => {
    const verdict = verdicts.at(m) ?? null
    const valid = verdict?.valid === true
    const at = (i: number): [number, number, number] => [frame.positions[3 * i], frame.positions[3 * i + 1], frame.positions[3 * i + 2]]
    return {
      numbers: numbers.slice(start, ptr[m + 1]),
      positions: numbers.slice(start, ptr[m + 1]).map((_, k) => frozen.at(k) ?? at(start + k)),
      bonds: valid ? verdict.bonds : [],
      smiles: valid ? verdict.smiles : null,
      valid,
      reason: valid ? null : `stopped at step ${frame.step} of ${steps}`,
      steps: frame.step,
      sigma_hat: measured(frame.sigmaHat[m]),
      rms_force: measured(frame.rmsForce[m]),
    }
  })
  return {
    job: job ?? '',
    model,
    seed: spec.seed ?? 0,
    timings: { queue_s: 0, run_s: 0 },
    candidates,
    attempts: { rerun: 0, budget: 0, stopped: null },
  }
}

function stillTopology(design: Design, candidates: Generation['candidates']): Topology {
  const frozen = openScaffold(design)?.numbers.length ?? 0
  const ptr = [0]
  for (const { numbers } of candidates) ptr.push(ptr[ptr.length - 1] + numbers.length)
  return {
    type: 'topology',
    job: '',
    ptr,
    numbers: candidates.flatMap((c) => c.numbers),
    fixed: candidates.flatMap((c) => c.numbers.map((_, i) => i < frozen)),
  }
}
