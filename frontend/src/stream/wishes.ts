import { steeredBlobs } from '../document/steering'
import type { ClientMessage, ServerMessage } from './protocol'
import { isLive } from './run'
import type { RunRecord } from './record'

/** How long a slow run rests after a frame. */
const REST_MS = 110
/** How often a blob that is dragged is told to the service. */
const STEER_MS = 70

export type Send = (message: ClientMessage) => boolean
export type After = (ms: number, run: () => void) => void

/**
 * What somebody wants of runs that are live. Every wish says how things shall be and does no harm when it is said twice; so whatever
 * may have been on its way when the connection broke is said again.
 */
export class Wishes {
  /** Runs that shall end, by their jobs, until the service says that they have. */
  private readonly cancels = new Map<string, string>()
  /** Runs whose blobs have been moved. */
  private readonly led = new Set<string>()
  /** Runs whose blobs have moved since the service was last told, or was told just now. */
  private readonly steering = new Map<string, 'told' | 'moved'>()
  private readonly resting = new Set<string>()

  constructor(
    private readonly send: Send,
    private readonly after: After,
    private readonly recordOf: (reqId: string) => RunRecord | undefined,
  ) {}

  cancel(reqId: string, job: string): void {
    this.cancels.set(job, reqId)
    this.send({ type: 'cancel', job })
  }

  /** Holds a run between two steps, or lets it go on. False while there is no connection. */
  pause(job: string, paused: boolean): boolean {
    return this.send({ type: paused ? 'pause' : 'resume_run', job })
  }

  /** The blobs of a run had been moved before this page knew of it, and the last move may not have arrived. */
  leads(reqId: string): void {
    this.led.add(reqId)
  }

  /** The blobs of a run are where its record has them, from the next step on. */
  lead(reqId: string): void {
    this.led.add(reqId)
    if (this.steering.has(reqId)) this.steering.set(reqId, 'moved')
    else this.tellBlobs(reqId)
  }

  private tellBlobs(reqId: string): void {
    const record = this.recordOf(reqId)
    if (record?.run.job == null || record.run.phase !== 'running') return
    this.steering.set(reqId, 'told')
    this.send({ type: 'steer', job: record.run.job, blobs: steeredBlobs(record.design) })
    this.after(STEER_MS, () => {
      const moved = this.steering.get(reqId) === 'moved'
      this.steering.delete(reqId)
      if (moved) this.tellBlobs(reqId)
    })
  }

  /** Holds a live run for a moment. */
  rest(reqId: string): void {
    const run = this.recordOf(reqId)?.run
    if (run === undefined || run.job === null || !isLive(run) || run.paused || this.resting.has(reqId)) return
    const { job } = run
    this.resting.add(reqId)
    this.pause(job, true)
    this.after(REST_MS, () => {
      this.resting.delete(reqId)
      const now = this.recordOf(reqId)?.run
      if (now !== undefined && isLive(now) && !now.paused) this.pause(job, false)
    })
  }

  /** A run is followed again. It may have been resting when the connection went. */
  sayAgain({ run }: RunRecord): void {
    if (run.job === null || !isLive(run)) return
    if (this.led.has(run.reqId)) this.lead(run.reqId)
    this.pause(run.job, run.paused)
  }

  /** There is a connection again: nobody follows the runs that shall end. */
  cancelAgain(): void {
    for (const [job, req_id] of this.cancels) this.send({ type: 'cancel', job, req_id })
  }

  /** Whether this message says no more than that a run has ended which should. */
  grants(message: ServerMessage): boolean {
    if (message.type !== 'error' && message.type !== 'final') return false
    for (const [job, reqId] of this.cancels) {
      if (message.job !== job && (message.type !== 'error' || message.req_id !== reqId)) continue
      this.cancels.delete(job)
      return true
    }
    return false
  }

  forget(reqId: string): void {
    this.led.delete(reqId)
  }
}
