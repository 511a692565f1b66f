import type { Generation } from '../document/history'
import { openScaffold, toSpec } from '../document/spec'
import type { Design } from '../document/types'
import { newRun, type Run } from './run'
import type { Topology } from './protocol'
import { Trajectory } from './trajectory'
import { repeatBonds } from './batch'

/** A run of old as it ended: from the history, without the frames that led there. */
export function stillRun(reqId: string, design: Design, { candidates, model }: Generation): { run: Run; trajectory: Trajectory } {
  const spec = { ...toSpec(design), n_samples: candidates.length }
  const topology = stillTopology(design, candidates)
  const opened = openScaffold(design)
  const trajectory = new Trajectory(topology, repeatBonds(opened?.bonds ?? [], topology.ptr))
  trajectory.push({
    job: 0,
    seq: 0,
    step: spec.steps ?? 0,
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
    phase: 'done',
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
