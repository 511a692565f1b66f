import { CodecError, decodeFrames, type Frame } from './codec'
import { SUBPROTOCOL, type ClientMessage, type ServerMessage } from './protocol'

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online' }
  | { readonly kind: 'offline'; readonly retryAt: number }

export interface SocketHandlers {
  onState(state: LinkState): void
  onMessage(message: ServerMessage): void
  /** One or more, in their order, of one job. */
  onFrames(frames: readonly Frame[]): void
  /** Something that is not of this protocol came in. */
  onGarbage(detail: string): void
}

/** The parts of `WebSocket` in use, so that tests can bring their own. */
export interface Wire {
  binaryType: BinaryType
  onopen: (() => void) | null
  onclose: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  send(data: string): void
  close(): void
}

export interface Clock {
  now(): number
  after(ms: number, run: () => void): () => void
}

const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/**
 * Frames within so many milliseconds come in one message. To take in a message costs a browser far more than the frames in it, and
 * the head plays behind the newest frame anyway.
 */
const EVERY_MS = 33
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 8_000

/** A socket to the service that comes back by itself, waiting longer after each failure. */
export class StudioSocket {
  private wire: Wire | null = null
  private failures = 0
  private cancelRetry: (() => void) | null = null
  private closed = false

  constructor(
    private readonly url: string,
    private readonly handlers: SocketHandlers,
    private readonly open: (url: string) => Wire = (u) => new WebSocket(u, SUBPROTOCOL) as Wire,
    private readonly clock: Clock = systemClock,
  ) {}

  connect(): void {
    if (this.wire !== null || this.closed) return
    this.cancelRetry?.()
    this.cancelRetry = null
    this.handlers.onState({ kind: 'connecting' })
    const wire = this.open(this.url)
    wire.binaryType = 'arraybuffer'
    wire.onopen = () => {
      this.failures = 0
      this.send({ type: 'hello', client: 'gpff-studio-page', every_ms: EVERY_MS }) // before anything that the state calls forth
      this.handlers.onState({ kind: 'online' })
    }
    wire.onmessage = ({ data }) => this.receive(data)
    wire.onclose = () => this.lost(wire)
    this.wire = wire
  }

  /** True when the message went out; false while offline. */
  send(message: ClientMessage): boolean {
    if (this.wire === null) return false
    try {
      this.wire.send(JSON.stringify(message))
      return true
    } catch {
      return false // still connecting, or closing: the state that follows tells
    }
  }

  close(): void {
    this.closed = true
    this.cancelRetry?.()
    this.wire?.close()
  }

  private receive(data: unknown): void {
    try {
      if (data instanceof ArrayBuffer) this.handlers.onFrames(decodeFrames(data))
      else if (typeof data === 'string') this.handlers.onMessage(JSON.parse(data) as ServerMessage)
    } catch (error) {
      if (!(error instanceof CodecError || error instanceof SyntaxError)) throw error
      this.handlers.onGarbage(error.message)
    }
  }

  private lost(wire: Wire): void {
    if (this.wire !== wire) return
    this.wire = null
    if (this.closed) return
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures)
    this.failures += 1
    this.handlers.onState({ kind: 'offline', retryAt: this.clock.now() + wait })
    this.cancelRetry = this.clock.after(wait, () => this.connect())
  }
}
