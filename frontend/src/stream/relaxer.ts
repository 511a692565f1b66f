import { createStore, type StoreApi } from 'zustand/vanilla'
import { inOwnOrder, relaxOrder } from '../document/relax'
import type { Design } from '../document/types'
import type { Vec3 } from '../geometry/vec3'
import type { Frame } from './codec'
import type { Candidate, ServerMessage } from './protocol'
import { failRun, isLive, newRun, ownsFrame, reduceRun, type Run } from './run'
import type { Sender } from './runs'
import type { LinkState } from './socket'

/** A scaffold that the model is just putting right. */
export interface Relaxation {
  readonly run: Run
  readonly design: Design
  /** The history node that it was started from. */
  readonly node: number
  readonly order: readonly number[]
}

/** One relaxation at a time: short, deterministic, and not one of the runs that are kept. */
export class Relaxer {
  readonly store: StoreApi<{ readonly current: Relaxation | null }>
  onFrame: () => void = () => undefined
  onDone: (relaxation: Relaxation, candidate: Candidate) => void = () => undefined
  onFailed: (run: Run) => void = () => undefined
  private sender: Sender = { send: () => false }
  private shown: { readonly design: Design; readonly positions: readonly Vec3[] } | null = null

  constructor(private readonly makeId: () => string = () => crypto.randomUUID()) {
    this.store = createStore(() => ({ current: null as Relaxation | null }))
  }

  attach(sender: Sender): void {
    this.sender = sender
  }

  get active(): boolean {
    return this.store.getState().current !== null
  }

  /** Where the atoms of this design are at the moment, when it is the one that relaxes. */
  positionsOf(design: Design): readonly Vec3[] | null {
    return this.shown?.design === design ? this.shown.positions : null
  }

  /** Relaxes these atoms of the design's scaffold; all others stay where they are, bit for bit. */
  start(design: Design, node: number, moving: readonly number[]): void {
    if (design.scaffold === null || moving.length === 0 || this.active) return
    const { spec, order } = relaxOrder(design.scaffold, moving)
    const run = newRun(`relax-${this.makeId()}`, spec)
    this.store.setState({ current: { run, design, node, order } })
    if (!this.sender.send({ type: 'start', req_id: run.reqId, spec })) this.end(failRun(run, 'There is no connection to the service.'))
  }

  cancel(): void {
    const { current } = this.store.getState()
    if (current === null) return
    if (current.run.job !== null) this.sender.send({ type: 'cancel', job: current.run.job })
    this.end(null)
  }

  onMessage(message: ServerMessage): void {
    const { current } = this.store.getState()
    if (current === null) return
    if (message.type === 'busy' && message.req_id === current.run.reqId) {
      this.end(failRun(current.run, 'The service is busy. Try again in a moment.'))
      return
    }
    const run = reduceRun(current.run, message)
    if (run === current.run) return
    const candidate = run.result?.candidates.at(0)
    if (isLive(run)) {
      this.store.setState({ current: { ...current, run } })
    } else if (run.phase === 'done' && candidate !== undefined) {
      this.end(null)
      this.onDone(current, candidate)
    } else {
      this.end(run)
    }
  }

  takeFrame(frame: Frame): void {
    const { current } = this.store.getState()
    if (current === null || !ownsFrame(current.run, frame)) return
    this.shown = { design: current.design, positions: inOwnOrder(current.order, frame.positions) }
    this.onFrame()
  }

  onState(link: LinkState): void {
    const { current } = this.store.getState()
    if (link.kind === 'offline' && current !== null) this.end(failRun(current.run, 'The connection was lost before the molecule was relaxed.'))
  }

  private end(failed: Run | null): void {
    this.shown = null
    this.store.setState({ current: null })
    if (failed !== null && failed.phase === 'failed') this.onFailed(failed)
  }
}
