import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Generation } from '../document/history'
import { toSpec } from '../document/spec'
import { sameContents, samePlaces } from '../document/steering'
import type { Design } from '../document/types'
import { Asking } from './asking'
import type { Frame } from './codec'
import type { ClientMessage, ServerMessage, VerdictMessage } from './protocol'
import { activeRecord, judged, NO_RUNS, type RunRecord, type RunsState } from './record'
import { Reels } from './reels'
import { failRun, isForgotten, isLive, newRun, ownsFrame, reduceRun, type Run } from './run'
import type { LinkState } from './socket'
import { stillRun, stoppedResult } from './still'
import type { Trajectory } from './trajectory'
import { Wishes, type After, type Send } from './wishes'

export type { RunRecord, RunsState } from './record'

/** Runs that are kept with all their frames; older ones are forgotten. */
const KEPT_RUNS = 12
const NO_CONNECTION = 'There is no connection to the service.'
/** Verdicts on candidates that still move come by the dozen; so often they are looked at. */
const VERDICTS_MS = 250

export interface Sender {
  send(message: ClientMessage): boolean
}

/**
 * All runs of this page. Messages change the store; frames go into `Reels` beside it and only wake `onFrames`; what somebody wants of
 * a live run goes through `Wishes`, and what is asked for, once or again, through `Asking`.
 */
export class Runs {
  readonly store: StoreApi<RunsState>
  /** Called after every frame. */
  onFrames: (reqId: string) => void = () => undefined
  /** Called when frames that were missing have come in: what stood at one index stands at another now. */
  onRefilled: (reqId: string, before: Trajectory, now: Trajectory) => void = () => undefined
  /** Live runs rest after every frame, so that somebody can follow and lead them. */
  slow = false
  private sender: Sender = { send: () => false }
  private readonly reels = new Reels((id, before, now) => this.onRefilled(id, before, now))
  private readonly wishes: Wishes
  private readonly asking: Asking
  /** Verdicts that have come and have not been looked at. */
  private verdicts: VerdictMessage[] = []

  constructor(
    private readonly makeId: () => string = () => crypto.randomUUID(),
    private readonly after: After = (ms, run) => void setTimeout(run, ms),
  ) {
    this.store = createStore<RunsState>()(() => NO_RUNS)
    const send: Send = (message) => this.sender.send(message)
    const records = () => this.store.getState().records
    this.wishes = new Wishes(send, after, (id) => records().get(id))
    this.asking = new Asking(send, { records, put: (id, record) => this.put(id, record) }, this.reels)
    this.reels.watch((id) => this.onFrames(id))
  }

  attach(sender: Sender): void {
    this.sender = sender
  }

  /** The run on show with its design, or null. */
  get active(): RunRecord | null {
    return activeRecord(this.store.getState())
  }

  trajectory(reqId: string): Trajectory | null {
    return this.reels.get(reqId)
  }

  /** Tells of every frame of any run, until the answer is called. */
  watchFrames(watcher: (reqId: string) => void): () => void {
    return this.reels.watch(watcher)
  }

  // --- beginning and ending -----------------------------------------------------------------------

  /** Sends a design to the service. The run fails at once when there is no connection. */
  start(design: Design, node: number): string {
    const run = newRun(this.makeId(), toSpec(design))
    return this.begin({ run, design, begun: design, node, filed: null, altered: null, from: null })
  }

  /** A new run from a step of the one on show, with fresh noise; it shows the frames that led there. Null when there is nothing to branch from. */
  branch(step: number, seed: number): string | null {
    const parent = this.active
    if (parent?.run.job == null || this.trajectory(parent.run.reqId) === null) return null
    const { job, spec, reqId } = parent.run
    const run = newRun(this.makeId(), { ...spec, seed })
    this.reels.branch(run.reqId, reqId, parent.design, step)
    return this.begin({
      run,
      design: parent.design,
      begun: parent.begun,
      node: parent.filed ?? parent.node,
      filed: null,
      altered: 'branched',
      from: { reqId, job, step },
    })
  }

  /** A run that went on while this page was loaded anew: it is followed again, or else begun anew, as soon as there is a connection. */
  adopt(going: Pick<RunRecord, 'altered' | 'from'> & Pick<Run, 'job' | 'spec'>, design: Design, node: number): void {
    const { altered, from, job, spec } = going
    const id = this.makeId()
    const run: Run = { ...newRun(id, spec), job, phase: job === null ? 'sending' : 'queued', lost: true }
    if (altered === 'steered') this.wishes.leads(id)
    this.open(id, { run, design, begun: design, node, filed: null, altered, from })
  }

  private begin(record: RunRecord): string {
    const { run } = record
    return this.open(run.reqId, this.asking.begin(record) ? record : { ...record, run: failRun(run, NO_CONNECTION) })
  }

  private open(id: string, record: RunRecord): string {
    this.store.setState(({ records }) => ({ records: new Map(records).set(id, record), active: id }))
    this.forgetOld()
    return id
  }

  cancel(): void {
    this.heedVerdicts()
    const record = this.active
    if (record === null || !isLive(record.run)) return
    const { job, reqId } = record.run
    if (job !== null) this.wishes.cancel(reqId, job)
    this.put(reqId, this.asStopped({ ...record, run: { ...record.run, phase: 'cancelled', paused: false, lost: false } }))
  }

  /** What a stopped run had come to counts as its result. */
  private asStopped(record: RunRecord): RunRecord {
    const { run, design } = record
    const model = this.store.getState().model?.hash ?? ''
    return { ...record, run: { ...run, result: stoppedResult(run, design, model, this.trajectory(run.reqId)) } }
  }

  // --- leading ------------------------------------------------------------------------------------

  /** Holds the live run between two steps, or lets it go on. */
  setPaused(paused: boolean): void {
    const record = this.active
    if (record?.run.phase !== 'running' || record.run.paused === paused) return
    const { job, reqId } = record.run
    if (job !== null && this.wishes.pause(job, paused)) this.put(reqId, { ...record, run: { ...record.run, paused } })
  }

  /** Whether the live run would follow the blobs of this design. */
  follows(design: Design): boolean {
    const record = this.active
    return record?.run.phase === 'running' && !record.run.lost && sameContents(record.design, design)
  }

  /** The live run's blobs are where this design has them, from the next step on. */
  steer(design: Design, node: number): void {
    const record = this.active
    if (record === null || !this.follows(design)) return
    const { reqId } = record.run
    // Settings are those of the next run.
    if (samePlaces(record.design, design)) return
    const { settings } = record.design
    const led = settings === design.settings ? design : { ...design, settings }
    this.put(reqId, { ...record, design: led, node, altered: record.altered ?? 'steered' })
    this.wishes.lead(reqId)
  }

  /** The edit on the way that has led the live run is kept: what comes of the run belongs there. */
  settle(design: Design, node: number): void {
    const record = this.active
    if (record?.altered === 'steered' && record.node !== node && this.follows(design)) this.put(record.run.reqId, { ...record, node })
  }

  // --- what is on show ----------------------------------------------------------------------------

  /** Shows the newest run that was started from a history node and has no place of its own yet, if there is one. */
  show(node: number): boolean {
    const found = [...this.store.getState().records].filter(([, r]) => r.node === node && r.filed === null).at(-1)
    if (found === undefined) return false
    this.store.setState({ active: found[0] })
    return true
  }

  /** What came of a run has been given a place in the history. */
  file(id: string, node: number): void {
    const record = this.store.getState().records.get(id)
    if (record !== undefined) this.put(id, { ...record, filed: node })
  }

  /** Shows what a generation of old came to: with all its frames while they are kept, else as it ended. */
  recall(node: number, design: Design, generation: Generation): void {
    const kept = [...this.store.getState().records].find(([, r]) => r.filed === node)
    if (kept !== undefined) {
      this.store.setState({ active: kept[0] })
      return
    }
    const id = this.makeId()
    const { run, trajectory } = stillRun(id, design, generation)
    this.reels.set(id, trajectory)
    this.open(id, { run, design, begun: design, node, filed: node, altered: null, from: null })
  }

  /** Another document has been opened: its nodes have nothing to do with the runs so far. */
  clear(): void {
    this.cancel()
    this.reels.clear()
    this.store.setState({ records: new Map(), active: null })
  }

  // --- what comes from the service ----------------------------------------------------------------

  onState(link: LinkState): void {
    this.store.setState({ link })
    if (link.kind === 'offline') this.asking.lose()
    if (link.kind !== 'online') return
    this.wishes.cancelAgain()
    this.asking.findAgain()
  }

  onMessage(message: ServerMessage): void {
    if (message.type === 'verdict') {
      if (this.verdicts.push(message) === 1) this.after(VERDICTS_MS, () => this.heedVerdicts())
      return
    }
    this.heedVerdicts()
    if (message.type === 'welcome') this.store.setState({ model: message.model, limits: message.limits })
    if (message.type === 'busy') this.after(message.retry_after_ms, () => this.asking.again(message.req_id))
    let claimed = this.wishes.grants(message)
    for (const [id, record] of this.store.getState().records) {
      if (isForgotten(record.run, message)) {
        claimed = true
        this.asking.startAgain(id, record)
      } else {
        const run = reduceRun(record.run, message)
        claimed ||= run !== record.run || this.asking.isLate(record, message)
        if (run !== record.run) this.moveOn(id, record, run, message)
      }
    }
    // A wish for a run that has just ended came too late, and nobody needs to hear of it.
    const news = message.type === 'error' && !claimed && message.job === null && message.code !== 'cancelled' && message.code !== 'ended'
    if (news && !message.req_id?.startsWith('relax-')) this.store.setState({ fault: message })
  }

  /** A run is another than it was before this message. */
  private moveOn(id: string, record: RunRecord, run: Run, message: ServerMessage): void {
    const { design, run: before } = record
    const ended = run.phase === 'cancelled' && before.phase !== 'cancelled'
    const now = ended ? this.asStopped({ ...record, run }) : { ...record, run }
    if (run.topology !== null && before.topology === null) this.reels.open(id, design, run.topology)
    this.put(id, now)
    if (before.lost && !run.lost) this.wishes.sayAgain(now)
    // A small run takes a dozen steps before the first of them is heard of.
    if (this.slow && before.job === null) this.wishes.rest(id)
    // Cancelled before the service had given it a name.
    if (run.phase === 'cancelled' && run.job !== null && before.job === null) this.wishes.cancel(id, run.job)
    if (message.type !== 'final') return
    if (!this.reels.refilled(id)) this.asking.refill(now)
    const { candidates, attempts } = message.result
    if (attempts.rerun > 0) this.reels.showReruns(id, design, candidates)
  }

  /** All verdicts that have come, at once: each alone would have the page look at every candidate. */
  private heedVerdicts(): void {
    const come = this.verdicts
    if (come.length === 0) return
    this.verdicts = []
    const { records } = this.store.getState()
    const now = judged(records, come)
    if (now !== records) this.store.setState({ records: now })
  }

  onFrame(frame: Frame): void {
    for (const [id, { run }] of this.store.getState().records) {
      // Those on their way when somebody stopped the run come too late.
      if (!ownsFrame(run, frame) || run.phase === 'cancelled') continue
      this.reels.push(id, frame, run.phase === 'done')
      if (this.slow && !frame.final) this.wishes.rest(id)
    }
  }

  private put(id: string, record: RunRecord): void {
    this.store.setState(({ records }) => ({ records: new Map(records).set(id, record) }))
  }

  private forgetOld(): void {
    const { records, active } = this.store.getState()
    const old = [...records.keys()].filter((id) => id !== active).slice(0, Math.max(0, records.size - KEPT_RUNS))
    if (old.length === 0) return
    const kept = new Map(records)
    for (const id of old) {
      kept.delete(id)
      this.reels.forget(id)
      this.wishes.forget(id)
    }
    this.store.setState({ records: kept })
  }
}
