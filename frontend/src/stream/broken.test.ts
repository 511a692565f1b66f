import { describe, expect, it } from 'vitest'
import { updateBlob } from '../document/design'
import { FIRST_EXAMPLE } from '../document/examples'
import type { Frame } from './codec'
import type { ClientMessage, ErrorMessage, ServerMessage, Topology } from './protocol'
import { Runs } from './runs'

const design = FIRST_EXAMPLE.design()
const topology: Topology = { type: 'topology', job: '5', ptr: [0, 15], numbers: new Array<number>(15).fill(6), fixed: new Array<boolean>(15).fill(false) }
const frame = (job: number, seq: number, step = seq): Frame => ({
  job, seq, step, serverMicros: 0n, final: false, key: false, droppedBefore: false,
  positions: new Float32Array(45).fill(step), sigmaHat: new Float32Array(1), rmsForce: new Float32Array(1),
})
const error = (over: Partial<ErrorMessage>): ErrorMessage => ({
  type: 'error', code: 'unknown_job', detail: 'gone', retryable: false, job: null, req_id: null, field: null, expected: null, got: null, ...over,
})
const final = (job: string): ServerMessage => ({
  type: 'final', job,
  result: { job, model: '', seed: 7, timings: { queue_s: 0, run_s: 0 }, candidates: [], attempts: { rerun: 0, budget: 0, stopped: null } },
})

function setUp() {
  let next = 0
  const sent: ClientMessage[] = []
  const waiting: (() => void)[] = []
  const runs = new Runs(() => `r${(next += 1)}`, (_, run) => void waiting.push(run))
  let online = true
  runs.attach({
    send: (message) => {
      if (online) sent.push(message)
      return online
    },
  })
  const accept = (req_id: string, job = '5') => {
    runs.onMessage({ type: 'accepted', job, req_id, queue_pos: 0, seed: 7 })
    runs.onMessage({ ...topology, job })
  }
  /** The line breaks and is mended; answers what the page says then, before the service has said anything. */
  const breakLine = (): ClientMessage[] => {
    online = false
    runs.onState({ kind: 'offline', retryAt: 0 })
    for (const run of waiting.splice(0)) run()
    online = true
    const before = sent.length
    runs.onState({ kind: 'online' })
    return sent.slice(before)
  }
  /** A run of four frames and its branch from step 3, which has its first frame. */
  const branched = () => {
    const parent = runs.start(design, 0)
    accept(parent)
    for (const seq of [1, 2, 3, 4]) runs.onFrame(frame(5, seq))
    runs.onMessage(final('5'))
    const id = runs.branch(3, 99) ?? ''
    accept(id, '6')
    runs.onFrame(frame(6, 1, 3))
    return id
  }
  const stepsOf = (id: string) => runs.trajectory(id)?.frames.map((f) => f.step)
  return { runs, sent, waiting, accept, breakLine, branched, stepsOf }
}

describe('a branch whose line breaks', () => {
  it('goes on from the frame that it has', () => {
    const { runs, breakLine, branched, stepsOf } = setUp()
    const id = branched()
    expect(breakLine()).toEqual([{ type: 'resume', job: '6', last_seq: 1, req_id: id }])
    runs.onMessage({ ...topology, job: '6' })
    runs.onFrame(frame(6, 2, 4))
    expect(stepsOf(id)).toEqual([1, 2, 3, 4])
    expect(runs.active?.run.lost).toBe(false)
  })

  it('fetches what was passed over, and keeps the way that led to it', () => {
    const { runs, sent, breakLine, branched, stepsOf } = setUp()
    const id = branched()
    breakLine()
    runs.onMessage({ ...topology, job: '6' })
    runs.onFrame({ ...frame(6, 4, 6), droppedBefore: true, final: true })
    runs.onMessage(final('6'))
    expect(sent.at(-1)).toEqual({ type: 'resume', job: '6', last_seq: 0, req_id: id })
    runs.onMessage({ ...topology, job: '6' })
    for (const seq of [1, 2, 3, 4]) runs.onFrame(frame(6, seq, seq + 2))
    expect(stepsOf(id)).toEqual([1, 2, 3, 6])
    runs.onMessage(final('6'))
    expect(stepsOf(id)).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('is asked for again when the service had not answered, also by a busy one', () => {
    const { runs, sent, waiting, accept, breakLine } = setUp()
    const parent = runs.start(design, 0)
    accept(parent)
    for (const seq of [1, 2, 3]) runs.onFrame(frame(5, seq))
    runs.onMessage(final('5'))
    const id = runs.branch(2, 99) ?? ''
    const asked = { type: 'branch', req_id: id, job: '5', step: 2, seed: 99 }
    expect(breakLine()).toEqual([asked])
    runs.onMessage({ type: 'busy', req_id: id, retry_after_ms: 10 })
    for (const run of waiting.splice(0)) run()
    expect(sent.at(-1)).toEqual(asked)
    runs.onMessage(error({ req_id: id }))
    expect(runs.active?.run.phase).toBe('failed')
    expect(sent.filter((m) => m.type === 'start')).toHaveLength(1)
  })
})

describe('a service that is busy when the line is mended', () => {
  it('is asked once more for the run that is to be followed again', () => {
    const { runs, sent, waiting, accept, breakLine } = setUp()
    const id = runs.start(design, 0)
    accept(id)
    runs.onFrame(frame(5, 1))
    const asked = { type: 'resume', job: '5', last_seq: 1, req_id: id }
    expect(breakLine()).toEqual([asked])
    runs.onMessage({ type: 'busy', req_id: id, retry_after_ms: 10 })
    for (const run of waiting.splice(0)) run()
    expect(sent.slice(-2)).toEqual([asked, asked])
  })

  it('is asked once more for frames that were missed', () => {
    const { runs, sent, waiting, accept, breakLine } = setUp()
    const id = runs.start(design, 0)
    accept(id)
    runs.onFrame({ ...frame(5, 3), droppedBefore: true, final: true })
    runs.onMessage(final('5'))
    const asked = { type: 'resume', job: '5', last_seq: 0, req_id: id }
    expect(breakLine()).toEqual([asked])
    const first = sent.length
    runs.onMessage({ type: 'busy', req_id: id, retry_after_ms: 10 })
    for (const run of waiting.splice(0)) run()
    expect(sent.slice(first)).toEqual([asked])
    const before = sent.length
    runs.onFrame(frame(5, 1))
    runs.onMessage(final('5'))
    runs.onMessage({ type: 'busy', req_id: id, retry_after_ms: 10 })
    for (const run of waiting.splice(0)) run()
    expect(sent).toHaveLength(before) // they are here
  })
})

describe('frames of a run with candidates that were run again', () => {
  /** The only candidate failed, and gave way to one of fewer atoms. */
  const rerun: ServerMessage = {
    type: 'final', job: '5',
    result: {
      job: '5', model: '', seed: 7, timings: { queue_s: 0, run_s: 0 }, attempts: { rerun: 1, budget: 4, stopped: null },
      candidates: [{ numbers: [6, 8], positions: [[0, 0, 0], [1.2, 0, 0]], smiles: 'C=O', valid: true, reason: null, bonds: [[0, 1, 2]], steps: 4, sigma_hat: 0, rms_force: 0 }],
    },
  }

  it('lead to a branch as they were, since it goes on from those', () => {
    const { runs, accept, stepsOf } = setUp()
    accept(runs.start(design, 0))
    for (const seq of [1, 2, 3, 4]) runs.onFrame(frame(5, seq))
    runs.onMessage(rerun)
    expect(runs.trajectory('r1')?.topology.numbers).toEqual([6, 8])
    const id = runs.branch(3, 99) ?? ''
    accept(id, '6')
    runs.onFrame(frame(6, 1, 3))
    expect(stepsOf(id)).toEqual([1, 2, 3])
    expect(runs.trajectory(id)?.frames.map((f) => f.positions[0])).toEqual([1, 2, 3])
  })

  it('are asked for once more when the line broke over them', () => {
    const { runs, accept, breakLine, stepsOf } = setUp()
    const id = runs.start(design, 0)
    accept(id)
    runs.onFrame(frame(5, 1))
    runs.onFrame({ ...frame(5, 3), droppedBefore: true, final: true })
    runs.onMessage(rerun)
    expect(breakLine()).toEqual([{ type: 'resume', job: '5', last_seq: 0, req_id: id }])
    for (const seq of [1, 2, 3]) runs.onFrame(frame(5, seq))
    runs.onMessage(rerun)
    expect(stepsOf(id)).toEqual([1, 2, 3])
    expect(runs.trajectory(id)?.topology.numbers).toEqual([6, 8])
    expect(breakLine()).toEqual([])
  })
})

describe('frames that were asked for again', () => {
  it('are told of with those that there were, so that a play head can stay on its step', () => {
    const { runs, accept } = setUp()
    const told: number[][] = []
    runs.onRefilled = (_, before, now) => told.push([before.length, now.length, runs.trajectory('r1')?.length ?? 0])
    accept(runs.start(design, 0))
    runs.onFrame(frame(5, 1))
    runs.onFrame({ ...frame(5, 4), droppedBefore: true, final: true })
    runs.onMessage(final('5'))
    for (const seq of [1, 2, 3, 4]) runs.onFrame(frame(5, seq))
    expect(told).toEqual([])
    runs.onMessage(final('5'))
    expect(told).toEqual([[2, 4, 4]])
  })

  it('are asked for once more when the line broke over them', () => {
    const { runs, accept, breakLine, stepsOf } = setUp()
    const id = runs.start(design, 0)
    accept(id)
    runs.onFrame(frame(5, 1))
    runs.onFrame({ ...frame(5, 3), droppedBefore: true, final: true })
    runs.onMessage(final('5'))
    runs.onFrame(frame(5, 1))
    expect(breakLine()).toEqual([{ type: 'resume', job: '5', last_seq: 0, req_id: id }])
    for (const seq of [1, 2, 3]) runs.onFrame(frame(5, seq))
    runs.onMessage(final('5'))
    expect(stepsOf(id)).toEqual([1, 2, 3])
    expect(breakLine()).toEqual([])
  })

  it('are no news when the service has them no more', () => {
    const { runs, accept, breakLine, stepsOf } = setUp()
    const id = runs.start(design, 0)
    accept(id)
    runs.onFrame({ ...frame(5, 3), droppedBefore: true, final: true })
    runs.onMessage(final('5'))
    breakLine()
    runs.onMessage(error({ req_id: id }))
    expect(runs.store.getState().fault).toBeNull()
    expect(stepsOf(id)).toEqual([3])
  })
})

describe('a wish that may not have arrived', () => {
  it('to end a run is said again until the service has ended it', () => {
    const { runs, accept, breakLine } = setUp()
    const id = runs.start(design, 0)
    accept(id)
    runs.cancel()
    expect(breakLine()).toEqual([{ type: 'cancel', job: '5', req_id: id }])
    runs.onMessage(error({ code: 'cancelled', job: '5' }))
    expect(breakLine()).toEqual([])
    expect(runs.active?.run.phase).toBe('cancelled')
  })

  it('to end a run is granted, and no news, when the service knows the run no more', () => {
    const { runs, accept, breakLine } = setUp()
    const id = runs.start(design, 0)
    accept(id)
    runs.cancel()
    breakLine()
    runs.onMessage(error({ req_id: id }))
    expect(runs.store.getState().fault).toBeNull()
    expect(breakLine()).toEqual([])
  })

  it('to end a run that has no name yet is said as soon as it has one', () => {
    const { runs, sent } = setUp()
    const id = runs.start(design, 0)
    runs.cancel()
    runs.onMessage({ type: 'accepted', job: '5', req_id: id, queue_pos: 0, seed: 7 })
    expect(sent.at(-1)).toEqual({ type: 'cancel', job: '5' })
    expect(runs.active?.run.phase).toBe('cancelled')
  })

  it('to hold a run is said again when the run is followed again', () => {
    const { runs, sent, accept, breakLine } = setUp()
    accept(runs.start(design, 0))
    runs.setPaused(true)
    breakLine()
    runs.onMessage(topology)
    expect(sent.at(-1)).toEqual({ type: 'pause', job: '5' })
    expect(runs.active?.run).toMatchObject({ paused: true, lost: false })
  })

  it('to move a blob is said again, as it was last', () => {
    const { runs, sent, waiting, accept, breakLine } = setUp()
    accept(runs.start(design, 0))
    const at = (x: number) => updateBlob(design, design.blobs[0].id, { center: [x, 0, 0] })
    runs.steer(at(4), 1)
    runs.steer(at(5), 1)
    breakLine()
    const before = sent.length
    runs.onMessage(topology)
    for (const run of waiting.splice(0)) run() // not more often than the service can follow
    expect(sent.slice(before)).toMatchObject([{ type: 'resume_run', job: '5' }, { type: 'steer', job: '5', blobs: [{ center: [5, 0, 0] }] }])
  })

  it('never was when nobody moved a blob', () => {
    const { runs, sent, accept, breakLine } = setUp()
    accept(runs.start(design, 0))
    breakLine()
    runs.onMessage(topology)
    expect(sent.some((m) => m.type === 'steer')).toBe(false)
  })
})

describe('verdicts', () => {
  const verdict = (sample: number, smiles: string): ServerMessage => ({ type: 'verdict', job: '5', seq: 3, sample, valid: true, smiles, reason: null, bonds: [] })

  it('that come together change the store once', () => {
    const { runs, waiting, accept } = setUp()
    accept(runs.start(design, 0))
    let changes = 0
    runs.store.subscribe(() => (changes += 1))
    for (const sample of [0, 1, 2]) runs.onMessage(verdict(sample, `C${sample}`))
    expect(changes).toBe(0)
    for (const run of waiting.splice(0)) run()
    expect(changes).toBe(1)
    expect(runs.active?.run.verdicts.map((v) => v?.smiles ?? null)).toEqual(['C0', 'C1', 'C2', null])
  })

  it('are heeded before whatever comes after them', () => {
    const { runs, waiting, accept } = setUp()
    accept(runs.start(design, 0))
    runs.onMessage(verdict(1, 'CC'))
    runs.onMessage(error({ code: 'cancelled', job: '5' }))
    expect(runs.active?.run).toMatchObject({ phase: 'cancelled', verdicts: [null, { smiles: 'CC' }, null, null] })
    const { records } = runs.store.getState()
    for (const run of waiting.splice(0)) run()
    expect(runs.store.getState().records).toBe(records)
  })
})
