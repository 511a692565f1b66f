import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Generation } from '../document/history'
import { toSpec } from '../document/spec'
import { sameContents } from '../document/steering'
import type { Design } from '../document/types'
import type { Frame } from './codec'
import type { ClientMessage, ServerMessage, VerdictMessage } from './protocol'
import { activeRecord, NO_RUNS, type RunRecord, type RunsState } from './record'
import { Reels } from './reels'
import { failRun, isForgotten, isLive, loseRun, newRun, ownsFrame, reduceRun, type Run } from './run'
import type { LinkState } from './socket'
import { stillRun, stoppedResult } from './still'
import type { Trajectory } from './trajectory'
import { Wishes, type After } from './wishes'

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
 * a live run goes through `Wishes`.
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
  /** Verdicts that have come and have not been looked at. */
  private verdicts: VerdictMessage[] = []

  constructor(
    private readonly makeId: () => string = () => crypto.randomUUID(),
    private readonly after: After = (ms, run) => void setTimeout(run, ms),
  ) {
    this.store = createStore<RunsState>()(() => NO_RUNS)
    this.wishes = new Wishes((message) => this.sender.send(message), after, (id) => this.store.getState().records.get(id))
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
    return this.open(run.reqId, this.ask(record) ? record : { ...record, run: failRun(run, NO_CONNECTION) })
  }

  /** Says to the service what the run is to be. Says the same every time, so that it may be asked again. */
  private ask({ run, from }: RunRecord): boolean {
    const { reqId: req_id, spec } = run
    if (from === null) return this.sender.send({ type: 'start', req_id, spec })
    return this.sender.send({ type: 'branch', req_id, job: from.job, step: from.step, ...(spec.seed == null ? {} : { seed: spec.seed }) })
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
    if (record.design === design) {
      if (record.node !== node) this.put(reqId, { ...record, node })
      return
    }
    this.put(reqId, { ...record, design, node, altered: record.altered ?? 'steered' })
    this.wishes.lead(reqId)
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
    if (link.kind === 'offline') this.lose()
    if (link.kind === 'online') this.findAgain()
  }

  onMessage(message: ServerMessage): void {
    if (message.type === 'verdict') {
      if (this.verdicts.push(message) === 1) this.after(VERDICTS_MS, () => this.heedVerdicts())
      return
    }
    this.heedVerdicts()
    if (message.type === 'welcome') this.store.setState({ model: message.model, limits: message.limits })
    if (message.type === 'busy') this.after(message.retry_after_ms, () => this.askAgain(message.req_id))
    let claimed = this.wishes.grants(message)
    for (const [id, record] of this.store.getState().records) {
      if (isForgotten(record.run, message)) {
        claimed = true
        this.startAgain(id, record)
      } else {
        const run = reduceRun(record.run, message)
        claimed ||= run !== record.run || this.isLate(record, message)
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
    if (!this.reels.refilled(id)) this.refill(now)
    const { candidates, attempts } = message.result
    if (attempts.rerun > 0) this.reels.showReruns(id, design, candidates)
  }

  /** All verdicts that have come, at once: each alone would have the page look at every candidate. */
  private heedVerdicts(): void {
    const come = this.verdicts
    if (come.length === 0) return
    this.verdicts = []
    const { records } = this.store.getState()
    const next = new Map(records)
    let changed = false
    for (const [id, record] of records) {
      const run = come.reduce<Run>(reduceRun, record.run)
      if (run === record.run) continue
      changed = true
      next.set(id, { ...record, run })
    }
    if (changed) this.store.setState({ records: next })
  }

  onFrame(frame: Frame): void {
    for (const [id, { run }] of this.store.getState().records) {
      // Those on their way when somebody stopped the run come too late.
      if (!ownsFrame(run, frame) || run.phase === 'cancelled') continue
      this.reels.push(id, frame, run.phase === 'done')
      if (this.slow && !frame.final) this.wishes.rest(id)
    }
  }

  // --- what was missed ----------------------------------------------------------------------------

  /** Frames that came too fast were passed over: the service still has them. */
  private refill({ run }: RunRecord): void {
    if (this.reels.wantsRefill(run.reqId)) this.follow(run, 0)
  }

  /** Whether this says that frames of a run that has ended are not to be had any more. */
  private isLate({ run }: RunRecord, message: ServerMessage): boolean {
    return run.phase === 'done' && message.type === 'error' && message.req_id === run.reqId
  }

  /** What has not been answered, because the service was busy or the connection broke, is asked for once more. */
  private askAgain(id: string): void {
    const record = this.store.getState().records.get(id)
    if (record?.run.phase === 'sending') this.ask(record)
    else if (record?.run.lost === true) this.follow(record.run, this.trajectory(id)?.lastSeq ?? 0)
    else if (record?.run.phase === 'done' && this.reels.refilling(id)) this.follow(record.run, 0)
  }

  /** Asks for the frames of a run after this one, and for what comes. */
  private follow({ job, reqId: req_id }: Run, lastSeq: number): void {
    if (job !== null) this.sender.send({ type: 'resume', job, last_seq: Math.max(0, lastSeq), req_id })
  }

  private lose(): void {
    this.reels.dropRefills()
    for (const [id, record] of this.store.getState().records) {
      const run = loseRun(record.run)
      if (run !== record.run) this.put(id, { ...record, run })
    }
  }

  /** The service has gone on meanwhile: it sends every frame that was missed. A run that it had not answered yet is asked for again. */
  private findAgain(): void {
    this.wishes.cancelAgain()
    for (const [id, record] of this.store.getState().records) {
      const { run } = record
      if (run.phase === 'done') this.refill(record)
      if (!run.lost) continue
      if (run.job === null && record.from === null) this.startAgain(id, record)
      else this.askAgain(id)
    }
  }

  /** The service knows the run no more, but a seed brings back the very same molecules; nothing brings back one that was led by hand. */
  private startAgain(id: string, record: RunRecord): void {
    if (record.altered !== null) {
      const why = record.altered === 'steered' ? 'it was steered by hand' : 'it had branched from another'
      const detail = `The service no longer has this run, and ${why}, so that its seed does not bring it back. Generate runs the design as it is now.`
      this.put(id, { ...record, run: failRun(record.run, detail) })
      return
    }
    this.reels.forget(id)
    this.put(id, { ...record, run: newRun(id, record.run.spec) })
    this.askAgain(id)
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
