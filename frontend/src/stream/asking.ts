import type { ServerMessage } from './protocol'
import type { RunRecord } from './record'
import type { Reels } from './reels'
import { failRun, loseRun, newRun, type Run } from './run'
import type { Send } from './wishes'

/** The runs that there are, and how one of them becomes another. */
export interface Ledger {
  records(): ReadonlyMap<string, RunRecord>
  put(id: string, record: RunRecord): void
}

/**
 * What is asked of the service for runs: that they begin, and that what was missed of them is sent. The connection may break and the
 * service be busy or know them no more, so all of it is said in such a way that it may be said again.
 */
export class Asking {
  constructor(
    private readonly send: Send,
    private readonly ledger: Ledger,
    private readonly reels: Reels,
  ) {}

  /** Says to the service what the run is to be. False while there is no connection. */
  begin({ run, from }: RunRecord): boolean {
    const { reqId: req_id, spec } = run
    if (from === null) return this.send({ type: 'start', req_id, spec })
    return this.send({ type: 'branch', req_id, job: from.job, step: from.step, ...(spec.seed == null ? {} : { seed: spec.seed }) })
  }

  /** What has not been answered, because the service was busy or the connection broke, is asked for once more. */
  again(id: string): void {
    const record = this.ledger.records().get(id)
    if (record?.run.phase === 'sending') this.begin(record)
    else if (record?.run.lost === true) this.follow(record.run, this.reels.get(id)?.lastSeq ?? 0)
    else if (record?.run.phase === 'done' && this.reels.refilling(id)) this.follow(record.run, 0)
  }

  /** Frames that came too fast were passed over: the service still has them. */
  refill({ run }: RunRecord): void {
    if (this.reels.wantsRefill(run.reqId)) this.follow(run, 0)
  }

  /** Whether this says that frames of a run that has ended are not to be had any more. */
  isLate({ run }: RunRecord, message: ServerMessage): boolean {
    return run.phase === 'done' && message.type === 'error' && message.req_id === run.reqId
  }

  /** Asks for the frames of a run after this one, and for what comes. */
  private follow({ job, reqId: req_id }: Run, lastSeq: number): void {
    if (job !== null) this.send({ type: 'resume', job, last_seq: Math.max(0, lastSeq), req_id })
  }

  /** The connection broke. */
  lose(): void {
    this.reels.dropRefills()
    for (const [id, record] of this.ledger.records()) {
      const run = loseRun(record.run)
      if (run !== record.run) this.ledger.put(id, { ...record, run })
    }
  }

  /** The service has gone on meanwhile: it sends every frame that was missed. A run that it had not answered yet is asked for again. */
  findAgain(): void {
    for (const [id, record] of this.ledger.records()) {
      const { run } = record
      if (run.phase === 'done') this.refill(record)
      if (!run.lost) continue
      if (run.job === null && record.from === null) this.startAgain(id, record)
      else this.again(id)
    }
  }

  /** The service knows the run no more, but a seed brings back the very same molecules; nothing brings back one that was led by hand. */
  startAgain(id: string, record: RunRecord): void {
    if (record.altered !== null) {
      const why = record.altered === 'steered' ? 'it was steered by hand' : 'it had branched from another'
      const detail = `The service no longer has this run, and ${why}, so that its seed does not bring it back. Generate runs the design as it is now.`
      this.ledger.put(id, { ...record, run: failRun(record.run, detail) })
      return
    }
    this.reels.forget(id)
    this.ledger.put(id, { ...record, run: newRun(id, record.run.spec) })
    this.again(id)
  }
}
