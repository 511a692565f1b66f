import { describe, expect, it } from 'vitest'
import type { Frame } from './codec'
import { FRAME_MAGIC, PROTOCOL_VERSION } from './protocol'
import { StudioSocket, type Clock, type LinkState, type Wire } from './socket'

class FakeWire implements Wire {
  binaryType: BinaryType = 'blob'
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  readonly sent: string[] = []
  send(data: string): void {
    this.sent.push(data)
  }
  close(): void {
    this.onclose?.()
  }
}

function setUp() {
  const wires: FakeWire[] = []
  const states: LinkState[] = []
  const messages: unknown[] = []
  const garbage: string[] = []
  const timers: { ms: number; run: () => void; live: boolean }[] = []
  const clock: Clock = {
    now: () => 1000,
    after: (ms, run) => {
      const timer = { ms, run, live: true }
      timers.push(timer)
      return () => {
        timer.live = false
      }
    },
  }
  const handlers = {
    onState: (s: LinkState) => states.push(s),
    onMessage: (m: unknown) => messages.push(m),
    onFrames: (frames: readonly Frame[]) => messages.push(frames.map((frame) => frame.seq)),
    onGarbage: (d: string) => garbage.push(d),
  }
  const socket = new StudioSocket('ws://x/ws', handlers, () => {
    const wire = new FakeWire()
    wires.push(wire)
    return wire
  }, clock)
  return { socket, wires, states, messages, garbage, timers }
}

describe('StudioSocket', () => {
  it('greets on opening and parses text', () => {
    const { socket, wires, states, messages } = setUp()
    socket.connect()
    wires[0].onopen?.()
    expect(wires[0].binaryType).toBe('arraybuffer')
    expect(JSON.parse(wires[0].sent[0])).toMatchObject({ type: 'hello', every_ms: 33 })
    wires[0].onmessage?.({ data: '{"type":"pong"}' })
    expect(messages).toEqual([{ type: 'pong' }])
    expect(states.map((s) => s.kind)).toEqual(['connecting', 'online'])
  })

  it('comes back with growing patience, and forgets it once it is through', () => {
    const { socket, wires, timers } = setUp()
    socket.connect()
    for (let k = 0; k < 6; k++) {
      wires[k].onclose?.()
      timers[k].run()
    }
    expect(timers.map((t) => t.ms)).toEqual([500, 1000, 2000, 4000, 8000, 8000])
    wires[6].onopen?.()
    wires[6].onclose?.()
    expect(timers[6].ms).toBe(500)
  })

  it('says when it will try again, and tries at once when asked', () => {
    const { socket, wires, states, timers } = setUp()
    socket.connect()
    wires[0].onclose?.()
    expect(states.at(-1)).toEqual({ kind: 'offline', retryAt: 1500 })
    expect(socket.send({ type: 'ping' })).toBe(false)
    socket.connect()
    expect(timers[0].live).toBe(false)
    expect(wires).toHaveLength(2)
  })

  it('reports what is not of the protocol and goes on', () => {
    const { socket, wires, garbage, messages } = setUp()
    socket.connect()
    wires[0].onopen?.()
    wires[0].onmessage?.({ data: new ArrayBuffer(3) })
    wires[0].onmessage?.({ data: '{"type":' })
    wires[0].onmessage?.({ data: '{"type":"pong"}' })
    expect(garbage).toHaveLength(2)
    expect(messages).toHaveLength(1)
  })

  it('hands over the frames of a message together', () => {
    const { socket, wires, messages } = setUp()
    socket.connect()
    const data = new ArrayBuffer(2 * 28)
    for (const [k, seq] of [7, 8].entries()) {
      const view = new DataView(data, 28 * k)
      view.setUint16(0, FRAME_MAGIC, true)
      view.setUint8(2, PROTOCOL_VERSION)
      view.setUint32(8, seq, true)
    }
    wires[0].onmessage?.({ data })
    expect(messages).toEqual([[7, 8]])
  })

  it('stays closed when closed', () => {
    const { socket, wires, timers } = setUp()
    socket.connect()
    socket.close()
    expect(timers).toHaveLength(0)
    socket.connect()
    expect(wires).toHaveLength(1)
  })
})
