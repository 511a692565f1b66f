import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Generation } from '../document/history'
import { openScaffold, toSpec } from '../document/spec'
import { sameContents, steeredBlobs } from '../document/steering'
import type { Design } from '../document/types'
import { repeatBonds } from './batch'
import type { Frame } from './codec'
import type { ClientMessage, ErrorMessage, Limits, ModelCard, ServerMessage, Topology } from './protocol'
import { failRun, isForgotten, isLive, loseRun, newRun, ownsFrame, reduceRun, type Run } from './run'
import type { LinkState } from './socket'
import { stillRun } from './still'
import { withReruns } from './rerun'
import { Trajectory } from './trajectory'

/** A run together with the design that it came from. */
export interface RunRecord {
  readonly run: Run
  /** With its blobs as they are led now. */
  readonly design: Design
  /** As it was when the run began: what the picture is framed about. */
  readonly begun: Design
  /** The history node that it was started from. */
  readonly node: number
  /** The history node that holds what came of it, once there is one. */
  readonly filed: number | null
  /** Set for a run that its seed alone does not bring back. */
  readonly altered: 'steered' | 'branched' | null
  /** The run that it branched from, and where. */
  readonly from: { readonly reqId: string; readonly step: number } | null
}

export interface RunsState {
  readonly link: LinkState
  readonly model: ModelCard | null
  readonly limits: Limits | null
  /** The run on show, live or finished. */
  readonly active: string | null
  readonly records: ReadonlyMap<string, RunRecord>
  /** The last error that belongs to no run. */
  readonly fault: ErrorMessage | null
}

/** Runs that are kept with all their frames; older ones are forgotten. */
const KEPT_RUNS = 12
const NO_CONNECTION = 'There is no connection to the service.'
/** How long a slow run rests after a frame. */
const REST_MS = 110
/** How often a blob that is dragged is told to the service. */
const STEER_MS = 70

export interface Sender {
  send(message: ClientMessage): boolean
}

/**
 * All runs of this page. Messages change the store; frames go into trajectories beside it and only wake `onFrames`.
 */
export class Runs {
  readonly store: StoreApi<RunsState>
  /** Called after every frame. */
  onFrames: (reqId: string) => void = () => undefined
  /** Live runs rest after every frame, so that somebody can follow and lead them. */
  slow = false
  private readonly resting = new Set<string>()
  /** Frames of runs from which some were dropped on the way, sent once more from the first. */
  private readonly refills = new Map<string, Trajectory>()
  private readonly watchers = new Set<(reqId: string) => void>()
  private readonly trajectories = new Map<string, Trajectory>()
  private sender: Sender = { send: () => false }
  /** Runs whose blobs have moved since the service was last told, or was told just now. */
  private readonly steering = new Map<string, 'told' | 'moved'>()

  constructor(
    private readonly makeId: () => string = () => crypto.randomUUID(),
    private readonly after: (ms: number, run: () => void) => void = (ms, run) => void setTimeout(run, ms),
  ) {
    this.store = createStore<RunsState>()(() => ({
      link: { kind: 'connecting' },
      model: null,
      limits: null,
      active: null,
      records: new Map(),
      fault: null,
    }))
  }

  attach(sender: Sender): void {
    this.sender = sender
  }

  /** The run on show with its design, or null. */
  get active(): RunRecord | null {
    const { active, records } = this.store.getState()
    return active === null ? null : (records.get(active) ?? null)
  }

  trajectory(reqId: string): Trajectory | null {
    return this.trajectories.get(reqId) ?? null
  }

  /** Sends a design to the service. The run fails at once when there is no connection. */
  start(design: Design, node: number): string {
    const id = this.makeId()
    const run = newRun(id, toSpec(design))
    const sent = this.sender.send({ type: 'start', req_id: id, spec: run.spec })
    return this.open(id, { run: sent ? run : failRun(run, NO_CONNECTION), design, begun: design, node, filed: null, altered: null, from: null })
  }

  /** A new run from a step of the one on show, with fresh noise; it shows the frames that led there. Null when there is nothing to branch from. */
  branch(step: number, seed: number): string | null {
    const parent = this.active
    const trajectory = parent === null ? null : this.trajectory(parent.run.reqId)
    if (parent?.run.job == null || trajectory === null) return null
    const id = this.makeId()
    const { job, spec, reqId } = parent.run
    const run = newRun(id, { ...spec, seed })
    const sent = this.sender.send({ type: 'branch', req_id: id, job, step, seed })
    const record: RunRecord = {
      run: sent ? run : failRun(run, NO_CONNECTION),
      design: parent.design,
      begun: parent.begun,
      node: parent.filed ?? parent.node,
      filed: null,
      altered: 'branched',
      from: { reqId, step },
    }
    const branch = new Trajectory(trajectory.topology, repeatBonds(openScaffold(parent.design)?.bonds ?? [], trajectory.topology.ptr))
    branch.follow(trajectory, step)
    this.trajectories.set(id, branch)
    return this.open(id, record)
  }

  private open(id: string, record: RunRecord): string {
    this.store.setState(({ records }) => ({ records: new Map(records).set(id, record), active: id }))
    this.forgetOld()
    return id
  }

  cancel(): void {
    const record = this.active
    if (record === null || !isLive(record.run)) return
    const { job, reqId } = record.run
    if (job !== null) this.sender.send({ type: 'cancel', job })
    this.put(reqId, { ...record, run: { ...record.run, phase: 'cancelled', paused: false, lost: false } })
  }

  /** Holds the live run between two steps, or lets it go on. */
  setPaused(paused: boolean): void {
    const record = this.active
    if (record?.run.phase !== 'running' || record.run.paused === paused) return
    const { job, reqId } = record.run
    if (job !== null && this.sender.send({ type: paused ? 'pause' : 'resume_run', job })) {
      this.put(reqId, { ...record, run: { ...record.run, paused } })
    }
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
    if (this.steering.has(reqId)) this.steering.set(reqId, 'moved')
    else this.tellBlobs(reqId)
  }

  private tellBlobs(reqId: string): void {
    const record = this.store.getState().records.get(reqId)
    if (record?.run.job == null || record.run.phase !== 'running') return
    this.steering.set(reqId, 'told')
    this.sender.send({ type: 'steer', job: record.run.job, blobs: steeredBlobs(record.design) })
    this.after(STEER_MS, () => {
      const moved = this.steering.get(reqId) === 'moved'
      this.steering.delete(reqId)
      if (moved) this.tellBlobs(reqId)
    })
  }

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
    this.trajectories.set(id, trajectory)
    this.open(id, { run, design, begun: design, node, filed: node, altered: null, from: null })
  }

  /** Another document has been opened: its nodes have nothing to do with the runs so far. */
  clear(): void {
    this.cancel()
    this.trajectories.clear()
    this.store.setState({ records: new Map(), active: null })
  }

  onState(link: LinkState): void {
    this.store.setState({ link })
    if (link.kind === 'offline') this.lose()
    if (link.kind === 'online') this.findAgain()
  }

  onMessage(message: ServerMessage): void {
    if (message.type === 'welcome') this.store.setState({ model: message.model, limits: message.limits })
    if (message.type === 'busy') this.after(message.retry_after_ms, () => this.resend(message.req_id))
    let claimed = false
    for (const [id, record] of this.store.getState().records) {
      if (isForgotten(record.run, message)) {
        claimed = true
        this.startAgain(id, record)
        continue
      }
      const run = reduceRun(record.run, message)
      if (run === record.run) continue
      claimed = true
      if (run.topology !== null && record.run.topology === null) this.openTrajectory(id, record, run.topology)
      this.put(id, { ...record, run })
      // It may have been resting when the connection went.
      if (record.run.lost && isLive(run) && !run.lost && !run.paused && run.job !== null) this.sender.send({ type: 'resume_run', job: run.job })
      if (message.type === 'final') {
        if (this.refills.has(id)) this.refilled(id)
        else this.refill(id, { ...record, run })
        this.showReruns(id)
      }
    }
    // A wish for a run that has just ended came too late, and nobody needs to hear of it.
    const news = message.type === 'error' && !claimed && message.job === null && message.code !== 'cancelled' && message.code !== 'ended'
    if (news && !message.req_id?.startsWith('relax-')) {
      this.store.setState({ fault: message })
    }
  }

  onFrame(frame: Frame): void {
    for (const [id, { run }] of this.store.getState().records) {
      if (!ownsFrame(run, frame)) continue
      const refill = this.refills.get(id)
      if (refill !== undefined && run.phase === 'done') {
        refill.push(frame)
        continue
      }
      this.trajectories.get(id)?.push(frame)
      if (this.slow && !frame.final) this.rest(id)
      this.tell(id)
    }
  }

  private tell(id: string): void {
    this.onFrames(id)
    for (const watcher of this.watchers) watcher(id)
  }

  /** Holds a live run for a moment. */
  private rest(id: string): void {
    const { run } = this.store.getState().records.get(id) ?? {}
    if (run === undefined || run.job === null || run.phase !== 'running' || run.paused || this.resting.has(id)) return
    const { job } = run
    this.resting.add(id)
    this.sender.send({ type: 'pause', job })
    this.after(REST_MS, () => {
      this.resting.delete(id)
      const now = this.store.getState().records.get(id)?.run
      if (now?.phase === 'running' && !now.paused) this.sender.send({ type: 'resume_run', job })
    })
  }

  /** Frames that came too fast were passed over: the service still has them. */
  private refill(id: string, { run, design, from }: RunRecord): void {
    const trajectory = this.trajectories.get(id)
    if (run.job === null || run.topology === null || trajectory === undefined || !trajectory.gaps || from !== null || this.refills.has(id)) return
    const bonds = openScaffold(design)?.bonds ?? []
    this.refills.set(id, new Trajectory(run.topology, repeatBonds(bonds, run.topology.ptr)))
    this.sender.send({ type: 'resume', job: run.job, last_seq: 0, req_id: id })
  }

  /** All frames of a run that has ended are here. */
  private refilled(id: string): void {
    const [refill, had] = [this.refills.get(id), this.trajectories.get(id)]
    if (refill === undefined) return
    this.refills.delete(id)
    if (had !== undefined && refill.length < had.length) return
    this.trajectories.set(id, refill)
    this.tell(id)
  }

  /** Candidates that were run again are shown in the places of those that failed. */
  private showReruns(id: string): void {
    const record = this.store.getState().records.get(id)
    const trajectory = this.trajectories.get(id)
    const result = record?.run.result
    if (record === undefined || trajectory === undefined || result == null || result.attempts.rerun === 0) return
    this.trajectories.set(id, withReruns(trajectory, result.candidates, openScaffold(record.design)?.bonds ?? []))
    this.tell(id)
  }

  /** Tells of every frame of any run, until the answer is called. */
  watchFrames(watcher: (reqId: string) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  private openTrajectory(id: string, { design, from }: RunRecord, topology: Topology): void {
    if (from !== null && this.trajectories.has(id)) return // a branch has its parent's atoms
    const bonds = openScaffold(design)?.bonds ?? []
    this.trajectories.set(id, new Trajectory(topology, repeatBonds(bonds, topology.ptr)))
  }

  private put(id: string, record: RunRecord): void {
    this.store.setState(({ records }) => ({ records: new Map(records).set(id, record) }))
  }

  private resend(id: string): void {
    const record = this.store.getState().records.get(id)
    if (record?.run.phase === 'sending') this.sender.send({ type: 'start', req_id: id, spec: record.run.spec })
  }

  private lose(): void {
    for (const [id, record] of this.store.getState().records) {
      const run = loseRun(record.run)
      if (run !== record.run) this.put(id, { ...record, run })
    }
  }

  /** The service has gone on meanwhile: it sends every frame that was missed. A run that it had not answered yet is sent again. */
  private findAgain(): void {
    for (const [id, { run }] of this.store.getState().records) {
      if (!run.lost) continue
      const { job } = run
      if (job === null) this.startAgain(id, this.store.getState().records.get(id))
      else this.sender.send({ type: 'resume', job, last_seq: Math.max(0, this.trajectory(id)?.lastSeq ?? 0), req_id: id })
    }
  }

  /** The service knows the run no more, but a seed brings back the very same molecules; nothing brings back one that was led by hand. */
  private startAgain(id: string, record: RunRecord | undefined): void {
    if (record === undefined) return
    if (record.altered !== null) {
      this.put(id, { ...record, run: failRun(record.run, 'The connection was lost, and the service no longer has this run.') })
      return
    }
    this.trajectories.delete(id)
    const run = newRun(id, record.run.spec)
    this.put(id, { ...record, run })
    this.resend(id)
  }

  private forgetOld(): void {
    const { records, active } = this.store.getState()
    const old = [...records.keys()].filter((id) => id !== active).slice(0, Math.max(0, records.size - KEPT_RUNS))
    if (old.length === 0) return
    const kept = new Map(records)
    for (const id of old) {
      kept.delete(id)
      this.trajectories.delete(id)
    }
    this.store.setState({ records: kept })
  }
}
