import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Generation } from '../document/history'
import { openScaffold, toSpec } from '../document/spec'
import type { Design } from '../document/types'
import { repeatBonds } from './batch'
import type { Frame } from './codec'
import type { ClientMessage, ErrorMessage, Limits, ModelCard, ServerMessage, Topology } from './protocol'
import { isLive, loseRun, newRun, ownsFrame, reduceRun, type Run } from './run'
import type { LinkState } from './socket'
import { stillRun } from './still'
import { Trajectory } from './trajectory'

/** A run together with the design that it came from. */
export interface RunRecord {
  readonly run: Run
  readonly design: Design
  /** The history node that it was started from. */
  readonly node: number
  /** The history node that holds what came of it, once there is one. */
  readonly filed: number | null
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
  private readonly trajectories = new Map<string, Trajectory>()
  private sender: Sender = { send: () => false }
  /** Runs to start again once the socket is back. */
  private readonly interrupted = new Set<string>()

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
    const record: RunRecord = { run: sent ? run : loseRun(run), design, node, filed: null }
    this.store.setState(({ records }) => ({ records: new Map(records).set(id, record), active: id }))
    this.forgetOld()
    return id
  }

  cancel(): void {
    const record = this.active
    if (record === null || !isLive(record.run)) return
    this.interrupted.delete(record.run.reqId)
    const { job } = record.run
    if (job !== null) this.sender.send({ type: 'cancel', job })
    this.put(record.run.reqId, { ...record, run: { ...record.run, phase: 'cancelled' } })
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
    this.store.setState(({ records }) => ({ records: new Map(records).set(id, { run, design, node, filed: node }), active: id }))
    this.forgetOld()
  }

  /** Another document has been opened: its nodes have nothing to do with the runs so far. */
  clear(): void {
    this.cancel()
    this.interrupted.clear()
    this.trajectories.clear()
    this.store.setState({ records: new Map(), active: null })
  }

  onState(link: LinkState): void {
    this.store.setState({ link })
    if (link.kind === 'offline') this.interrupt()
    if (link.kind === 'online') this.restartInterrupted()
  }

  onMessage(message: ServerMessage): void {
    if (message.type === 'welcome') this.store.setState({ model: message.model, limits: message.limits })
    if (message.type === 'busy') this.after(message.retry_after_ms, () => this.resend(message.req_id))
    let claimed = false
    for (const [id, record] of this.store.getState().records) {
      const run = reduceRun(record.run, message)
      if (run === record.run) continue
      claimed = true
      if (run.topology !== null && record.run.topology === null) this.openTrajectory(id, record, run.topology)
      this.put(id, { ...record, run })
    }
    if (message.type === 'error' && !claimed && message.code !== 'cancelled' && message.job === null) {
      this.store.setState({ fault: message })
    }
  }

  onFrame(frame: Frame): void {
    for (const [id, { run }] of this.store.getState().records) {
      if (!ownsFrame(run, frame)) continue
      this.trajectories.get(id)?.push(frame)
      this.onFrames(id)
    }
  }

  private openTrajectory(id: string, { design }: RunRecord, topology: Topology): void {
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

  /** The service forgets a job whose socket is gone, but a seed brings back the very same molecules. */
  private interrupt(): void {
    for (const [id, record] of this.store.getState().records) {
      if (!isLive(record.run)) continue
      this.interrupted.add(id)
      this.put(id, { ...record, run: loseRun(record.run) })
    }
  }

  private restartInterrupted(): void {
    for (const id of this.interrupted) {
      const record = this.store.getState().records.get(id)
      if (record === undefined || record.run.phase === 'cancelled') continue
      this.trajectories.delete(id)
      this.put(id, { ...record, run: newRun(id, record.run.spec) })
      this.resend(id)
    }
    this.interrupted.clear()
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
