import { describe, expect, it } from 'vitest'
import { decodeFrame, decodeFrames } from './codec'

/** A frame as the service writes it, byte by byte. */
function frame({ atoms = 3, samples = 2, flags = 0, magic = 0x4647, version = 1, extra = 0 } = {}): ArrayBuffer {
  const data = new ArrayBuffer(28 + 12 * atoms + 8 * samples + extra)
  const view = new DataView(data)
  view.setUint16(0, magic, true)
  view.setUint8(2, version)
  view.setUint8(3, flags)
  view.setUint32(4, 4_000_000_001, true)
  view.setUint32(8, 17, true)
  view.setUint16(12, 64, true)
  view.setUint16(14, samples, true)
  view.setUint32(16, atoms, true)
  view.setBigUint64(20, 1_800_000_000_000_000n, true)
  for (let k = 0; k < 3 * atoms; k++) view.setFloat32(28 + 4 * k, k / 2, true)
  for (let s = 0; s < samples; s++) {
    view.setFloat32(28 + 12 * atoms + 8 * s, 0.5 + s, true)
    view.setFloat32(28 + 12 * atoms + 8 * s + 4, s === 0 ? NaN : 0.25, true)
  }
  return data
}

describe('decodeFrame', () => {
  it('reads every field at its place', () => {
    const f = decodeFrame(frame())
    expect(f).toMatchObject({ job: 4_000_000_001, seq: 17, step: 64, serverMicros: 1_800_000_000_000_000n })
    expect([...f.positions]).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4])
    expect([...f.sigmaHat]).toEqual([0.5, 1.5])
    expect(f.rmsForce[0]).toBeNaN()
    expect(f.rmsForce[1]).toBe(0.25)
  })

  it('tells the flags apart', () => {
    expect(decodeFrame(frame({ flags: 1 }))).toMatchObject({ final: true, key: false, droppedBefore: false })
    expect(decodeFrame(frame({ flags: 6 }))).toMatchObject({ final: false, key: true, droppedBefore: true })
  })

  it.each([
    ['a truncated header', new ArrayBuffer(27), /at least 28 bytes/],
    ['another magic', frame({ magic: 1 }), /magic/],
    ['a truncated body', frame().slice(0, 76), /80 bytes for 3 atoms and 2 samples, got 76/],
    ['another version', frame({ version: 2 }), /version/],
    ['trailing bytes', frame({ extra: 4 }), /80 bytes, got 84/],
  ])('refuses %s', (_, data, message) => {
    expect(() => decodeFrame(data)).toThrow(message)
  })
})

describe('decodeFrames', () => {
  const joined = (...parts: ArrayBuffer[]) => Uint8Array.from(parts.flatMap((part) => [...new Uint8Array(part)])).buffer

  it('reads frames of different sizes that follow one another', () => {
    const [one, two] = decodeFrames(joined(frame({ atoms: 3, flags: 4 }), frame({ atoms: 1, samples: 1, flags: 3 })))
    expect(one).toMatchObject({ droppedBefore: true, final: false })
    expect([...one.positions]).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4])
    expect([...one.sigmaHat]).toEqual([0.5, 1.5])
    expect(two).toMatchObject({ droppedBefore: false, final: true, key: true })
    expect([...two.positions]).toEqual([0, 0.5, 1])
    expect([...two.sigmaHat]).toEqual([0.5])
  })

  it.each([
    ['nothing', new ArrayBuffer(0)],
    ['a part of a header behind a frame', joined(frame(), new ArrayBuffer(8))],
    ['a part of a frame behind a frame', joined(frame(), frame().slice(0, 40))],
    ['something else behind a frame', joined(frame(), frame({ magic: 1 }))],
  ])('refuses %s', (_, data) => {
    expect(() => decodeFrames(data)).toThrow(/^frame/)
  })
})
