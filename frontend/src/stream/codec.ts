import { FLAG_DROPPED, FLAG_FINAL, FLAG_KEY, FRAME_HEADER_BYTES, FRAME_MAGIC, PROTOCOL_VERSION } from './protocol'

/** Where all atoms of a job are after `step` steps. The arrays are views into the message: copy to keep. */
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

/** Reads one binary message. Throws `CodecError` unless it is exactly one frame of this protocol version. */
export function decodeFrame(data: ArrayBuffer): Frame {
  if (data.byteLength < FRAME_HEADER_BYTES) {
    throw new CodecError('frame', `at least ${FRAME_HEADER_BYTES} bytes`, `${data.byteLength} bytes`)
  }
  const view = new DataView(data)
  const magic = view.getUint16(0, true)
  if (magic !== FRAME_MAGIC) throw new CodecError('frame.magic', String(FRAME_MAGIC), String(magic))
  const version = view.getUint8(2)
  if (version !== PROTOCOL_VERSION) throw new CodecError('frame.version', String(PROTOCOL_VERSION), String(version))
  const flags = view.getUint8(3)
  const samples = view.getUint16(14, true)
  const atoms = view.getUint32(16, true)
  const size = FRAME_HEADER_BYTES + 12 * atoms + 8 * samples
  if (data.byteLength !== size) {
    throw new CodecError('frame', `${size} bytes for ${atoms} atoms and ${samples} samples`, `${data.byteLength} bytes`)
  }
  const scalars = new Float32Array(data, FRAME_HEADER_BYTES + 12 * atoms, 2 * samples)
  return {
    job: view.getUint32(4, true),
    seq: view.getUint32(8, true),
    step: view.getUint16(12, true),
    serverMicros: view.getBigUint64(20, true),
    final: (flags & FLAG_FINAL) !== 0,
    key: (flags & FLAG_KEY) !== 0,
    droppedBefore: (flags & FLAG_DROPPED) !== 0,
    positions: new Float32Array(data, FRAME_HEADER_BYTES, 3 * atoms),
    sigmaHat: scalars.filter((_, k) => k % 2 === 0),
    rmsForce: scalars.filter((_, k) => k % 2 === 1),
  }
}
