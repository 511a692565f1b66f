import { describe, expect, it } from 'vitest'
import type { Frame } from './codec'
import type { ErrorMessage, Final, ServerMessage, Topology } from './protocol'
import { candidateState, failRun, isLive, loseRun, newRun, ownsFrame, reduceRun, type Run } from './run'

const topology: Topology = { type: 'topology', job: '7', ptr: [0, 2, 4], numbers: [6, 8, 6, 8], fixed: [false, false, false, false] }
const final: Final = {
  type: 'final',
  job: '7',
  result: {
    job: '7',
    model: 'f00d',
    seed: 3,
    timings: { queue_s: 0, run_s: 0.2 },
    attempts: { rerun: 0, budget: 0, stopped: null },
    candidates: [true, false].map((valid) => ({
      numbers: [6, 8],
      positions: [[0, 0, 0], [1.2, 0, 0]] as [number, number, number][],
      smiles: valid ? 'C=O' : null,
      valid,
      reason: valid ? null : 'two fragments',
      bonds: valid ? ([[0, 1, 2]] as [number, number, number][]) : [],
      steps: 16,
      sigma_hat: 0.01,
      rms_force: 0.004,
    })),
  },
}
const accepted: ServerMessage = { type: 'accepted', job: '7', req_id: 'r1', queue_pos: 2, seed: 3 }

const error = (over: Partial<ErrorMessage>): ErrorMessage => ({
  type: 'error',
  code: 'invalid',
  detail: 'no',
  retryable: false,
  job: null,
  req_id: null,
  field: null,
  expected: null,
  got: null,
  ...over,
})

const frame: Frame = {
  job: 7,
  seq: 0,
  step: 0,
  serverMicros: 0n,
  final: false,
  key: false,
  droppedBefore: false,
  positions: new Float32Array(12),
  sigmaHat: new Float32Array(2),
  rmsForce: new Float32Array(2),
}

const play = (messages: ServerMessage[]): Run =>
  messages.reduce(reduceRun, newRun('r1', { n_samples: 2, blobs: [{ formula: 'CO' }] }))

describe('reduceRun', () => {
  it('goes from sending over queued and running to done', () => {
    expect(play([])).toMatchObject({ phase: 'sending', verdicts: [null, null] })
    expect(play([accepted])).toMatchObject({ phase: 'queued', job: '7', queuePos: 2 })
    expect(play([accepted, topology])).toMatchObject({ phase: 'running', topology })
    const done = play([accepted, topology, final])
    expect(done).toMatchObject({ phase: 'done', result: final.result })
    expect(done.verdicts).toMatchObject([{ valid: true, smiles: 'C=O' }, { valid: false, reason: 'two fragments' }])
  })

  it('keeps an early verdict of one sample', () => {
    const verdict: ServerMessage = { type: 'verdict', job: '7', seq: 3, sample: 1, valid: true, smiles: 'CO', reason: null, bonds: [] }
    expect(play([accepted, topology, verdict]).verdicts).toMatchObject([null, { smiles: 'CO' }])
  })

  it('takes no notice of verdicts that change nothing while atoms move', () => {
    const verdict = (over: object): ServerMessage => ({ type: 'verdict', job: '7', seq: 3, sample: 1, valid: false, smiles: null, reason: 'radical on C1', bonds: [], ...over })
    const [running, promising] = [play([accepted, topology]), play([accepted, topology, verdict({ valid: true, smiles: 'CO', reason: null })])]
    expect(reduceRun(running, verdict({}))).toBe(running)
    expect(reduceRun(promising, verdict({ valid: true, smiles: 'CO', reason: null, bonds: [[0, 1, 1]] }))).toBe(promising)
    expect(reduceRun(promising, verdict({ valid: true, smiles: 'OC=O', reason: null })).verdicts[1]?.smiles).toBe('OC=O')
    expect(reduceRun(promising, verdict({})).verdicts[1]?.valid).toBe(false)
    expect(reduceRun(promising, final).verdicts).toMatchObject([{ valid: true }, { valid: false, reason: 'two fragments' }])
  })

  it('ignores what is about other runs', () => {
    const run = play([accepted])
    expect(reduceRun(run, { ...topology, job: '8' })).toBe(run)
    expect(reduceRun(run, { ...final, job: '8' })).toBe(run)
    expect(reduceRun(run, error({ job: '8' }))).toBe(run)
    expect(reduceRun(run, error({ req_id: 'other' }))).toBe(run)
  })

  it('keeps the field of an error, and knows a cancel from a failure', () => {
    const refused = play([error({ req_id: 'r1', field: 'blobs.0.covariance', detail: 'not positive' })])
    expect(refused).toMatchObject({ phase: 'failed', error: { field: 'blobs.0.covariance', detail: 'not positive' } })
    expect(play([accepted, topology, error({ job: '7', code: 'cancelled' })])).toMatchObject({ phase: 'cancelled', error: null })
  })

  it('lets nothing that comes late undo an end', () => {
    const done = play([accepted, topology, final])
    expect(reduceRun(done, error({ job: '7' }))).toBe(done)
    expect(reduceRun(done, topology)).toBe(done)
    expect(loseRun(done)).toBe(done)
  })

  it('waits for the connection under a live run', () => {
    const lost = loseRun(play([accepted, topology]))
    expect(lost.lost && isLive(lost)).toBe(true)
    expect(reduceRun(lost, topology).lost).toBe(false)
    expect(reduceRun(lost, final)).toMatchObject({ phase: 'done', lost: false })
    expect(failRun(lost, 'gone')).toMatchObject({ phase: 'failed', error: { detail: 'gone', retryable: true } })
  })
})

describe('candidateState', () => {
  const verdict = (valid: boolean): ServerMessage => ({
    type: 'verdict', job: '7', seq: 3, sample: 0, valid, smiles: valid ? 'CO' : null, reason: null, bonds: [],
  })

  it('tells only good news while atoms still move', () => {
    expect(candidateState(play([accepted]), 0)).toBe('forming')
    expect(candidateState(play([accepted, topology, verdict(false)]), 0)).toBe('forming')
    expect(candidateState(play([accepted, topology, verdict(true)]), 0)).toBe('promising')
  })

  it('tells the truth at the end, and says when there is none', () => {
    expect([0, 1].map((k) => candidateState(play([accepted, topology, final]), k))).toEqual(['valid', 'invalid'])
    expect(candidateState(failRun(play([accepted, topology, verdict(false)]), 'gone'), 0)).toBe('failed')
  })
})

describe('frames', () => {
  it('are taken only by their own job, once its topology is known', () => {
    expect(ownsFrame(play([accepted, topology]), frame)).toBe(true)
    expect(ownsFrame(play([accepted, topology]), { ...frame, job: 8 })).toBe(false)
    expect(ownsFrame(play([accepted]), frame)).toBe(false)
  })
})
