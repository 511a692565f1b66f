import { FLAG_DROPPED, FLAG_FINAL, FLAG_KEY, FRAME_HEADER_BYTES, FRAME_MAGIC, PROTOCOL_VERSION } from './protocol'

/** Where all atoms of a job are after `step` steps. `positions` is a view into the message, which may hold other frames: copy to keep. */
export interface Frame {
  readonly job: number
  readonly seq: number
  readonly step: number
  readonly serverMicros: bigint
  readonly final: boolean
  readonly key: boolean
  /** Frames before this one were dropped because this client read too slowly. */
  readonly droppedBefore: boolean
  /** `[n_atoms, 3]`, Å. */
  readonly positions: Float32Array
  /** `[n_samples]`, Å; NaN where not known yet. */
  readonly sigmaHat: Float32Array
  readonly rmsForce: Float32Array
}

export class CodecError extends Error {
  constructor(field: string, expected: string, got: string) {
    super(`${field}: expected ${expected}, got ${got}`)
    this.name = 'CodecError'
  }
}

/** Reads a binary message of exactly one frame. Throws `CodecError` when it is not that. */
export function decodeFrame(data: ArrayBuffer): Frame {
  const frame = frameAt(new DataView(data), 0)
  const size = sizeOf(frame.positions.length / 3, frame.sigmaHat.length)
  if (data.byteLength !== size) throw new CodecError('frame', `${size} bytes`, `${data.byteLength} bytes`)
  return frame
}

/** Reads a binary message: one frame or more, one after the other. Throws `CodecError` unless all of it is frames. */
export function decodeFrames(data: ArrayBuffer): Frame[] {
  const view = new DataView(data)
  const frames: Frame[] = []
  let start = 0
  do {
    const frame = frameAt(view, start)
    frames.push(frame)
    start += sizeOf(frame.positions.length / 3, frame.sigmaHat.length)
  } while (start < data.byteLength)
  return frames
}

const sizeOf = (atoms: number, samples: number) => FRAME_HEADER_BYTES + 12 * atoms + 8 * samples

function frameAt(view: DataView<ArrayBuffer>, start: number): Frame {
  const left = view.byteLength - start
  if (left < FRAME_HEADER_BYTES) throw new CodecError('frame', `at least ${FRAME_HEADER_BYTES} bytes`, `${left} bytes`)
  const magic = view.getUint16(start, true)
  if (magic !== FRAME_MAGIC) throw new CodecError('frame.magic', String(FRAME_MAGIC), String(magic))
  const version = view.getUint8(start + 2)
  if (version !== PROTOCOL_VERSION) throw new CodecError('frame.version', String(PROTOCOL_VERSION), String(version))
  const flags = view.getUint8(start + 3)
  const samples = view.getUint16(start + 14, true)
  const atoms = view.getUint32(start + 16, true)
  const size = sizeOf(atoms, samples)
  if (left < size) throw new CodecError('frame', `${size} bytes for ${atoms} atoms and ${samples} samples`, `${left} bytes`)
  const body = start + FRAME_HEADER_BYTES // a multiple of 4, as all lengths are
  const scalars = new Float32Array(view.buffer, body + 12 * atoms, 2 * samples)
  const sigmaHat = new Float32Array(samples)
  const rmsForce = new Float32Array(samples)
  for (let i = 0; i < samples; i++) {
    sigmaHat[i] = scalars[2 * i]
    rmsForce[i] = scalars[2 * i + 1]
  }
  return {
    job: view.getUint32(start + 4, true),
    seq: view.getUint32(start + 8, true),
    step: view.getUint16(start + 12, true),
    serverMicros: view.getBigUint64(start + 20, true),
    final: (flags & FLAG_FINAL) !== 0,
    key: (flags & FLAG_KEY) !== 0,
    droppedBefore: (flags & FLAG_DROPPED) !== 0,
    positions: new Float32Array(view.buffer, body, 3 * atoms),
    sigmaHat,
    rmsForce,
  }
}
