import { BondTracker, type Bond, type LiveBond } from '../chemistry/bonds'
import type { Frame } from './codec'
import type { Topology } from './protocol'

export interface StoredFrame {
  readonly step: number
  /** `[n_atoms, 3]`, Å. */
  readonly positions: Float32Array
  readonly sigmaHat: Float32Array
  readonly rmsForce: Float32Array
}

/**
 * All frames of one run, kept out of React. Bonds are followed from frame to frame, so that scrubbing shows what was seen live; but
 * only as far as somebody looks, for frames may come ten at a time.
 */
export class Trajectory {
  readonly frames: StoredFrame[] = []
  /** Of the frames that have been looked at, and of all before them. */
  private readonly followed: (readonly LiveBond[])[] = []
  private newest = -1
  /** Whether frames were passed over on the way here. */
  gaps = false
  /** How many of the frames are another run's, that this one branched from. */
  private inherited = 0
  private readonly tracker: BondTracker

  constructor(
    readonly topology: Topology,
    private readonly frozenBonds: readonly Bond[],
  ) {
    this.tracker = new BondTracker(topology.numbers, topology.ptr, frozenBonds, (i) => topology.fixed[i])
  }

  /** Sequence number of the newest frame; -1 before the first. */
  get lastSeq(): number {
    return this.newest
  }

  /** Begins with the frames of another run, up to this step: a branch shows the way that led to it. */
  follow(parent: Trajectory, step: number): void {
    if (parent.topology.numbers.length !== this.topology.numbers.length) return
    const fork = parent.frames.findLastIndex((frame) => frame.step === step)
    this.inherit(parent.frames.slice(0, Math.max(0, fork)))
  }

  private inherit(frames: readonly StoredFrame[]): void {
    this.frames.push(...frames)
    this.inherited = frames.length
  }

  /** The same before the first frame of its own came. */
  afresh(): Trajectory {
    const again = new Trajectory(this.topology, this.frozenBonds)
    again.inherit(this.frames.slice(0, this.inherited))
    return again
  }

  /** Takes a decoded frame, unless it is no newer than the last; its arrays are copied because they are views into the message. */
  push(frame: Frame): void {
    if (frame.seq <= this.newest) return
    if (frame.positions.length !== 3 * this.topology.numbers.length) {
      throw new RangeError(`a frame of ${frame.positions.length / 3} atoms for ${this.topology.numbers.length}`)
    }
    this.newest = frame.seq
    this.gaps ||= frame.droppedBefore
    this.frames.push({
      step: frame.step,
      positions: frame.positions.slice(),
      sigmaHat: frame.sigmaHat.slice(),
      rmsForce: frame.rmsForce.slice(),
    })
  }

  get length(): number {
    return this.frames.length
  }

  /** The bonds to draw with a whole frame that is there. */
  bondsAt(index: number): readonly LiveBond[] {
    for (let k = this.followed.length; k <= index; k++) this.followed.push(this.tracker.update(this.frames[k].positions))
    return this.followed[index]
  }
}

/**
 * Writes the positions at a fractional frame index into `out [n_atoms, 3]` by linear interpolation, and answers the index of the
 * whole frame that the bonds should be taken from. The trajectory must not be empty.
 */
export function sampleAt({ frames }: Pick<Trajectory, 'frames'>, at: number, out: Float32Array): number {
  const clamped = Math.max(0, Math.min(at, frames.length - 1))
  const lower = Math.floor(clamped)
  const upper = Math.min(lower + 1, frames.length - 1)
  const t = clamped - lower
  const a = frames[lower].positions
  const b = frames[upper].positions
  if (t === 0) out.set(a)
  else for (let k = 0; k < a.length; k++) out[k] = a[k] + (b[k] - a[k]) * t
  return Math.round(clamped)
}
