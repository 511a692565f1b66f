import { describe, expect, it } from 'vitest'
import { setContent, setSettings, updateBlob } from '../document/design'
import { EXAMPLES, FIRST_EXAMPLE } from '../document/examples'
import type { Frame } from './codec'
import type { Candidate, ClientMessage, ErrorMessage, Topology } from './protocol'
import { repeatBonds } from './batch'
import { Runs } from './runs'

function setUp() {
  let next = 0
  const sent: ClientMessage[] = []
  const waiting: { ms: number; run: () => void }[] = []
  const runs = new Runs(() => `r${(next += 1)}`, (ms, run) => void waiting.push({ ms, run }))
  let online = true
  runs.attach({
    send: (message) => {
      if (online) sent.push(message)
      return online
    },
  })
  return { runs, sent, waiting, setOnline: (value: boolean) => (online = value) }
}

const design = FIRST_EXAMPLE.design()
const moved = updateBlob(design, design.blobs[0].id, { center: [4, 1, 0] })
const topology: Topology = { type: 'topology', job: '5', ptr: [0, 15], numbers: new Array<number>(15).fill(6), fixed: new Array<boolean>(15).fill(false) }
const frame = (seq: number): Frame => ({
  job: 5, seq, step: seq, serverMicros: 0n, final: false, key: false, droppedBefore: false,
  positions: new Float32Array(45).fill(seq), sigmaHat: new Float32Array(1), rmsForce: new Float32Array(1),
})

function accept(runs: Runs, reqId: string) {
  runs.onMessage({ type: 'accepted', job: '5', req_id: reqId, queue_pos: 0, seed: 7 })
  runs.onMessage(topology)
}

describe('Runs', () => {
  it('sends the design and gathers its frames outside the store', () => {
    const { runs, sent } = setUp()
    const id = runs.start(design, 0)
    expect(sent[0]).toMatchObject({ type: 'start', req_id: id, spec: { n_samples: 4, scaffold: { attach: [0] } } })
    accept(runs, id)
    const before = runs.store.getState()
    runs.onFrame(frame(0))
    runs.onFrame(frame(1))
    expect(runs.trajectory(id)?.length).toBe(2)
    expect(runs.store.getState()).toBe(before)
  })

  it('cancels the job and heeds no frame of another', () => {
    const { runs, sent } = setUp()
    const id = runs.start(design, 0)
    accept(runs, id)
    runs.onFrame({ ...frame(0), job: 6 })
    expect(runs.trajectory(id)?.length).toBe(0)
    runs.cancel()
    expect(sent.at(-1)).toEqual({ type: 'cancel', job: '5' })
    expect(runs.active?.run.phase).toBe('cancelled')
  })

  it('follows its job again when the connection comes back, from the frame that it has', () => {
    const { runs, sent } = setUp()
    const id = runs.start(design, 0)
    accept(runs, id)
    runs.onFrame(frame(1))
    runs.onFrame(frame(2))
    runs.onState({ kind: 'offline', retryAt: 0 })
    expect(runs.active?.run).toMatchObject({ phase: 'running', lost: true })
    runs.onState({ kind: 'online' })
    expect(sent.at(-1)).toEqual({ type: 'resume', job: '5', last_seq: 2, req_id: id })
    runs.onMessage(topology)
    runs.onFrame(frame(2))
    runs.onFrame(frame(3))
    expect(runs.active?.run).toMatchObject({ phase: 'running', lost: false })
    expect(sent.at(-1)).toEqual({ type: 'resume_run', job: '5' })
    expect(runs.trajectory(id)?.frames.map((f) => f.step)).toEqual([1, 2, 3])
    expect(sent.filter((m) => m.type === 'start')).toHaveLength(1)
  })

  const forgotten = (id: string): ErrorMessage => ({
    type: 'error', code: 'unknown_job', detail: 'gone', retryable: false, job: null, req_id: id, field: null, expected: null, got: null,
  })

  it('starts the same seed again when the service has forgotten the job', () => {
    const { runs, sent } = setUp()
    const id = runs.start(design, 0)
    accept(runs, id)
    runs.onFrame(frame(1))
    runs.onState({ kind: 'offline', retryAt: 0 })
    runs.onState({ kind: 'online' })
    runs.onMessage(forgotten(id))
    const starts = sent.filter((m) => m.type === 'start')
    expect(starts).toHaveLength(2)
    expect(starts[1]).toEqual(starts[0])
    expect(runs.active?.run).toMatchObject({ phase: 'sending', lost: false })
    expect(runs.trajectory(id)).toBeNull()
    expect(runs.store.getState().fault).toBeNull()
  })

  it('says so when a run that was led by hand is forgotten: no seed brings it back', () => {
    const { runs, sent } = setUp()
    const id = runs.start(design, 0)
    accept(runs, id)
    runs.steer(moved, 1)
    runs.onState({ kind: 'offline', retryAt: 0 })
    runs.onState({ kind: 'online' })
    runs.onMessage(forgotten(id))
    expect(runs.active?.run).toMatchObject({ phase: 'failed', lost: false })
    expect(sent.filter((m) => m.type === 'start')).toHaveLength(1)
  })

  it('sends a run again that the service had not answered', () => {
    const { runs, sent } = setUp()
    runs.start(design, 0)
    runs.onState({ kind: 'offline', retryAt: 0 })
    runs.onState({ kind: 'online' })
    expect(sent[1]).toEqual(sent[0])
  })

  it('does not bring back a run that was cancelled meanwhile', () => {
    const { runs, sent } = setUp()
    runs.start(design, 0)
    runs.cancel()
    runs.onState({ kind: 'offline', retryAt: 0 })
    runs.onState({ kind: 'online' })
    expect(sent.filter((m) => m.type !== 'start')).toEqual([])
    expect(sent).toHaveLength(1)
  })

  it('holds a run, and lets it go on', () => {
    const { runs, sent } = setUp()
    accept(runs, runs.start(design, 0))
    runs.setPaused(true)
    expect(sent.at(-1)).toEqual({ type: 'pause', job: '5' })
    expect(runs.active?.run.paused).toBe(true)
    runs.setPaused(true)
    expect(sent).toHaveLength(2)
    runs.setPaused(false)
    expect(sent.at(-1)).toEqual({ type: 'resume_run', job: '5' })
  })

  it('tells the service where a blob is that is dragged, not more often than it can follow', () => {
    const { runs, sent, waiting } = setUp()
    accept(runs, runs.start(design, 0))
    const at = (x: number) => updateBlob(design, design.blobs[0].id, { center: [x, 0, 0] })
    const told = () => sent.flatMap((m) => (m.type === 'steer' ? [m.blobs?.[0].center?.[0]] : []))
    for (const x of [4, 5, 6]) runs.steer(at(x), 1)
    expect(told()).toEqual([4])
    waiting[0].run()
    expect(told()).toEqual([4, 6])
    waiting[1].run()
    expect(told()).toEqual([4, 6])
    expect(runs.active).toMatchObject({ altered: 'steered', node: 1, design: { blobs: [{ center: [6, 0, 0] }] } })
  })

  it('is not led by settings: they are those of the next run', () => {
    const { runs, sent } = setUp()
    accept(runs, runs.start(design, 0))
    runs.steer(setSettings(design, { seed: 99 }), 1)
    expect(sent).toHaveLength(1)
    expect(runs.active).toMatchObject({ altered: null, node: 0 })
    expect(runs.active?.design).toBe(design)
    // Led after that, it still is a run of the settings that it began with.
    const both = setSettings(moved, { seed: 99 })
    runs.steer(both, 2)
    expect(sent.at(-1)?.type).toBe('steer')
    expect(runs.active).toMatchObject({ altered: 'steered', node: 2, design: { blobs: moved.blobs, settings: design.settings } })
  })

  it('belongs where the edit that leads it is kept', () => {
    const { runs } = setUp()
    accept(runs, runs.start(design, 0))
    runs.settle(design, 1)
    expect(runs.active?.node).toBe(0)
    runs.steer(moved, 0) // on the way
    runs.settle(moved, 1)
    expect(runs.active).toMatchObject({ altered: 'steered', node: 1 })
  })

  it('follows places and shapes, never other atoms', () => {
    const { runs, sent } = setUp()
    accept(runs, runs.start(design, 0))
    expect(runs.follows(moved)).toBe(true)
    const other = setContent(design, design.blobs[0].id, { kind: 'formula', text: 'CH3' })
    expect(runs.follows(other)).toBe(false)
    runs.steer(other, 1)
    expect(sent).toHaveLength(1)
  })

  it('fetches the frames that came too fast, and shows them all', () => {
    const { runs, sent } = setUp()
    const id = runs.start(design, 0)
    accept(runs, id)
    for (const seq of [1, 2]) runs.onFrame(frame(seq))
    runs.onFrame({ ...frame(4), droppedBefore: true, final: true })
    const result = { job: '5', model: '', seed: 7, timings: { queue_s: 0, run_s: 0 }, candidates: [], attempts: { rerun: 0, budget: 0, stopped: null } }
    runs.onMessage({ type: 'final', job: '5', result })
    expect(sent.at(-1)).toEqual({ type: 'resume', job: '5', last_seq: 0, req_id: id })
    runs.onMessage(topology)
    for (const seq of [1, 2, 3, 4]) runs.onFrame(frame(seq))
    expect(runs.trajectory(id)?.length).toBe(3)
    runs.onMessage({ type: 'final', job: '5', result })
    expect(runs.trajectory(id)?.frames.map((f) => f.step)).toEqual([1, 2, 3, 4])
    expect(sent.filter((m) => m.type === 'resume')).toHaveLength(1)
  })

  it('rests after each frame of a slow run, until somebody holds it', () => {
    const { runs, sent, waiting } = setUp()
    runs.slow = true
    accept(runs, runs.start(design, 0))
    expect(sent.slice(1)).toEqual([{ type: 'pause', job: '5' }]) // before the first frame
    runs.onFrame(frame(1))
    runs.onFrame(frame(2))
    expect(sent.slice(1)).toEqual([{ type: 'pause', job: '5' }])
    waiting[0].run()
    expect(sent.at(-1)).toEqual({ type: 'resume_run', job: '5' })
    runs.onFrame(frame(3))
    runs.setPaused(true)
    waiting[1].run()
    expect(sent.slice(3).map((m) => m.type)).toEqual(['pause', 'pause'])
  })

  it('branches from a step, and shows the way that led there', () => {
    const { runs, sent } = setUp()
    const parent = runs.start(design, 0)
    accept(runs, parent)
    for (const seq of [1, 2, 3, 4]) runs.onFrame(frame(seq))
    runs.file(parent, 8)
    const id = runs.branch(3, 99)
    expect(sent.at(-1)).toEqual({ type: 'branch', req_id: id, job: '5', step: 3, seed: 99 })
    runs.onMessage({ type: 'accepted', job: '6', req_id: id ?? '', queue_pos: 0, seed: 99 })
    runs.onMessage({ ...topology, job: '6' })
    runs.onFrame({ ...frame(1), job: 6, step: 3 })
    runs.onFrame({ ...frame(2), job: 6, step: 4 })
    expect(runs.trajectory(id ?? '')?.frames.map((f) => f.step)).toEqual([1, 2, 3, 4])
    expect(runs.active).toMatchObject({ node: 8, altered: 'branched', run: { spec: { seed: 99 } } })
  })

  it('waits as long as a busy service asks for', () => {
    const { runs, sent, waiting } = setUp()
    const id = runs.start(design, 0)
    runs.onMessage({ type: 'busy', req_id: id, retry_after_ms: 400 })
    expect(waiting[0].ms).toBe(400)
    waiting[0].run()
    expect(sent.filter((m) => m.type === 'start')).toHaveLength(2)
  })

  it('fails at once while offline', () => {
    const { runs, setOnline } = setUp()
    setOnline(false)
    runs.start(design, 0)
    expect(runs.active?.run).toMatchObject({ phase: 'failed', error: { retryable: true } })
  })

  it('finds the run of a history node again', () => {
    const { runs } = setUp()
    const first = runs.start(design, 3)
    runs.start(EXAMPLES[1].design(), 4)
    expect(runs.show(3)).toBe(true)
    expect(runs.active?.run.reqId).toBe(first)
    expect(runs.show(9)).toBe(false)
  })

  it('forgets the oldest runs, never the one on show', () => {
    const { runs } = setUp()
    const ids = Array.from({ length: 20 }, (_, k) => runs.start(design, k))
    const { records, active } = runs.store.getState()
    expect(records.size).toBe(12)
    expect(active).toBe(ids.at(-1))
    expect(records.has(ids[0])).toBe(false)
  })

  it('keeps an error that belongs to no run', () => {
    const { runs } = setUp()
    const error: ErrorMessage = {
      type: 'error', code: 'bad_message', detail: 'what?', retryable: false, job: null, req_id: null, field: null, expected: null, got: null,
    }
    runs.onMessage(error)
    expect(runs.store.getState().fault).toBe(error)
  })
})

it('repeatBonds gives each molecule the bonds of its scaffold', () => {
  expect(repeatBonds([[0, 1, 2]], [0, 4, 9])).toEqual([[0, 1, 2], [4, 5, 2]])
})

describe('generations of old', () => {
  const candidates = [1, 2].map((shift): Candidate => ({
    numbers: [6, 8, 1, 1],
    positions: [[0, 0, 0], [1.2, 0, shift], [-0.6, 0.93, 0], [-0.6, -0.93, 0]],
    smiles: 'C=O', valid: true, reason: null, bonds: [[0, 1, 2], [0, 2, 1], [0, 3, 1]], steps: 64, sigma_hat: 0.01, rms_force: null,
  }))
  const generation = { candidates, model: 'abc', reproducible: true }

  it('are shown as they ended', () => {
    const { runs } = setUp()
    runs.recall(4, design, generation)
    expect(runs.active).toMatchObject({ filed: 4, run: { phase: 'done', result: { candidates }, topology: { ptr: [0, 4, 8] } } })
    const [frame] = runs.trajectory(runs.active?.run.reqId ?? '')?.frames ?? []
    expect([...frame.positions.slice(12, 18)]).toEqual([0, 0, 0, Math.fround(1.2), 0, 2])
    runs.recall(4, design, generation)
    expect(runs.store.getState().records.size).toBe(1)
  })

  it('come with all their frames while these are kept', () => {
    const { runs } = setUp()
    const id = runs.start(design, 0)
    accept(runs, id)
    runs.onFrame(frame(0))
    runs.file(id, 4)
    runs.start(design, 4)
    runs.recall(4, design, generation)
    expect(runs.active?.run.reqId).toBe(id)
  })

  it('are forgotten with their document', () => {
    const { runs, sent } = setUp()
    const id = runs.start(design, 0)
    accept(runs, id)
    runs.clear()
    expect(sent.at(-1)).toEqual({ type: 'cancel', job: '5' })
    expect(runs.active).toBeNull()
    expect(runs.trajectory(id)).toBeNull()
    runs.onFrame(frame(1))
  })
})
