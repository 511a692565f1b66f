import { describe, expect, it } from 'vitest'
import { FIRST_EXAMPLE } from '../document/examples'
import { openScaffold } from '../document/spec'
import type { Frame } from './codec'
import type { ClientMessage, ServerMessage, Topology } from './protocol'
import { candidateState } from './run'
import { Runs } from './runs'

const design = FIRST_EXAMPLE.design()
const frozen = openScaffold(design)
const n = frozen?.numbers.length ?? 0
// Two candidates: the scaffold, and one atom each.
const numbers = [...(frozen?.numbers ?? []), 8]
const topology: Topology = {
  type: 'topology', job: '5', ptr: [0, n + 1, 2 * n + 2], numbers: [...numbers, ...numbers], fixed: numbers.concat(numbers).map((_, i) => i % (n + 1) < n),
}
const frame = (seq: number): Frame => ({
  job: 5, seq, step: seq - 1, serverMicros: 0n, final: false, key: false, droppedBefore: false,
  positions: new Float32Array(3 * topology.numbers.length).fill(seq), sigmaHat: new Float32Array([0.5, NaN]), rmsForce: new Float32Array([0.25, 1]),
})
const verdict: ServerMessage = { type: 'verdict', job: '5', seq: 2, sample: 1, valid: true, smiles: 'CO', reason: null, bonds: [[0, 1, 1]] }

function running() {
  const sent: ClientMessage[] = []
  const waiting: (() => void)[] = []
  const runs = new Runs(() => 'r1', (_, run) => void waiting.push(run))
  runs.attach({ send: (message) => sent.push(message) > 0 })
  const id = runs.start({ ...design, settings: { ...design.settings, samples: 2, steps: 20 } }, 0)
  runs.onMessage({ type: 'accepted', job: '5', req_id: id, queue_pos: 0, seed: 7 })
  runs.onMessage(topology)
  return { runs, id, sent, heed: () => waiting.splice(0).forEach((run) => run()) }
}

describe('a run that is stopped', () => {
  it('has its candidates as they were, what is frozen bit for bit', () => {
    const { runs, heed } = running()
    runs.onFrame(frame(1))
    runs.onFrame(frame(4))
    runs.onMessage(verdict)
    runs.cancel() // verdicts that have come count, whether or not they have been looked at
    heed()
    const [first, second] = runs.active?.run.result?.candidates ?? []
    expect(first).toMatchObject({ numbers, valid: false, smiles: null, reason: 'stopped at step 3 of 20', steps: 3, sigma_hat: 0.5, rms_force: 0.25 })
    expect(first.positions).toEqual([...(frozen?.positions ?? []), [4, 4, 4]])
    expect(second).toMatchObject({ valid: true, smiles: 'CO', bonds: [[0, 1, 1]], reason: null, sigma_hat: null })
    const run = runs.active?.run
    expect(run && [candidateState(run, 0), candidateState(run, 1)]).toEqual(['stopped', 'promising'])
  })

  it('takes neither frames nor an end that were on their way', () => {
    const { runs, id } = running()
    runs.onFrame(frame(1))
    runs.cancel()
    runs.onFrame(frame(2))
    expect(runs.trajectory(id)?.length).toBe(1)
    const before = runs.active
    runs.onMessage({
      type: 'final', job: '5',
      result: { job: '5', model: 'm', seed: 7, timings: { queue_s: 0, run_s: 0 }, candidates: [], attempts: { rerun: 0, budget: 0, stopped: null } },
    })
    expect(runs.active).toBe(before)
    expect(runs.store.getState().fault).toBeNull()
  })

  it('counts as stopped also when somebody else has done it', () => {
    const { runs } = running()
    runs.onFrame(frame(1))
    runs.onMessage({ type: 'error', code: 'cancelled', detail: 'cancelled', field: null, retryable: false, expected: null, got: null, job: '5', req_id: null })
    expect(runs.active?.run).toMatchObject({ phase: 'cancelled', result: { candidates: [{ steps: 0 }, { steps: 0 }] } })
  })

  it('has nothing to keep before its first frame', () => {
    const { runs } = running()
    runs.cancel()
    expect(runs.active?.run).toMatchObject({ phase: 'cancelled', result: null })
  })

  it('comes back from the history as one that was stopped', () => {
    const { runs } = running()
    runs.onFrame(frame(4))
    runs.cancel()
    const candidates = runs.active?.run.result?.candidates ?? []
    runs.clear()
    runs.recall(3, design, { candidates, model: 'm', reproducible: false, stoppedAt: 3 })
    expect(runs.active).toMatchObject({ filed: 3, run: { phase: 'cancelled', result: { candidates } } })
    expect(runs.trajectory('r1')?.frames.map((f) => f.step)).toEqual([3])
  })
})

it('a run that fails says so of its candidates', () => {
  const { runs } = running()
  runs.onMessage({ type: 'error', code: 'engine', detail: 'a worker is gone', field: null, retryable: true, expected: null, got: null, job: '5', req_id: null })
  const run = runs.active?.run
  expect(run && candidateState(run, 0)).toBe('failed')
})

describe('a run that went on while the page was loaded anew', () => {
  const adopted = (altered: 'steered' | 'branched' | null, job: string | null) => {
    const sent: ClientMessage[] = []
    const waiting: (() => void)[] = []
    const runs = new Runs(() => 'r9', (_, run) => void waiting.push(run))
    runs.attach({ send: (message) => sent.push(message) > 0 })
    const from = altered === 'branched' ? { reqId: 'r1', job: '4', step: 6 } : null
    runs.adopt({ altered, from, job, spec: { n_samples: 2, steps: 20, seed: 11 } }, design, 3)
    runs.onState({ kind: 'online' })
    return { runs, sent, waiting }
  }
  const gone: ServerMessage = { type: 'error', code: 'unknown_job', detail: 'no job 5', field: null, retryable: false, expected: null, got: null, job: null, req_id: 'r9' }

  it('is followed from its first frame on', () => {
    const { runs, sent } = adopted('branched', '5')
    expect(sent).toEqual([{ type: 'resume', job: '5', last_seq: 0, req_id: 'r9' }])
    runs.onMessage(topology)
    runs.onFrame(frame(1))
    expect(runs.active).toMatchObject({ node: 3, altered: 'branched', run: { phase: 'running', lost: false } })
    expect(runs.trajectory('r9')?.length).toBe(1)
  })

  it('is led to where its blobs were seen last', () => {
    const { runs, sent } = adopted('steered', '5')
    runs.onMessage(topology)
    expect(sent.slice(1)).toMatchObject([{ type: 'steer', job: '5' }, { type: 'resume_run', job: '5' }])
  })

  it('begins anew when the service has it no more and its seed brings it back', () => {
    const { runs, sent } = adopted(null, '5')
    runs.onMessage(gone)
    expect(sent.at(-1)).toMatchObject({ type: 'start', req_id: 'r9', spec: { seed: 11 } })
  })

  it('is asked for when it never had a name', () => {
    expect(adopted(null, null).sent).toMatchObject([{ type: 'start', spec: { seed: 11 } }])
    expect(adopted('branched', null).sent).toMatchObject([{ type: 'branch', job: '4', step: 6, seed: 11 }])
  })

  it.each([['steered', 'steered by hand'], ['branched', 'branched from another']] as const)('says what was lost when nothing brings back one that was %s', (altered, words) => {
    const { runs, sent } = adopted(altered, '5')
    runs.onMessage(gone)
    expect(sent.some((m) => m.type === 'start')).toBe(false)
    expect(runs.active?.run.phase).toBe('failed')
    expect(runs.active?.run.error?.detail).toContain(words)
  })
})
