/** Where the play head stands. `at` is a fractional frame index. */
export interface Playhead {
  readonly at: number
  readonly playing: boolean
}

/** A trajectory plays in this time whatever its length, within limits: short ones stay visible, long ones do not bore. */
const SECONDS_PER_FRAME = 1 / 26
const SHORTEST_S = 1.4
const LONGEST_S = 4

export function framesPerSecond(expectedFrames: number): number {
  const seconds = Math.min(LONGEST_S, Math.max(SHORTEST_S, expectedFrames * SECONDS_PER_FRAME))
  return Math.max(1, expectedFrames - 1) / seconds
}

/**
 * The head after `elapsedMs`. It never passes the last frame that has arrived; on a live run it waits there, on a finished one
 * it stops.
 */
export function advance(head: Playhead, elapsedMs: number, available: number, expected: number, live: boolean): Playhead {
  if (!head.playing || available === 0) return head
  const last = available - 1
  const at = Math.min(last, head.at + (elapsedMs / 1000) * framesPerSecond(expected))
  return { at, playing: live || at < last }
}

/** The head on the step where it stood, when frames that were missing have come in and each has another index. */
export function onSameStep(head: Playhead, before: readonly { readonly step: number }[], now: readonly { readonly step: number }[]): Playhead {
  const step = before.at(Math.round(head.at))?.step
  const at = now.findLastIndex((frame) => frame.step === step)
  return at < 0 ? head : { ...head, at }
}

/** Goes to a whole frame by `delta` from where the head stands, and stops there. */
export function stepBy(head: Playhead, delta: number, available: number): Playhead {
  const from = delta > 0 ? Math.floor(head.at) : Math.ceil(head.at)
  return { at: Math.max(0, Math.min(available - 1, from + delta)), playing: false }
}

/** Plays or stops; at the end it plays again from the start. */
export function togglePlay(head: Playhead, available: number): Playhead {
  if (head.playing) return { ...head, playing: false }
  return { at: head.at >= available - 1 ? 0 : head.at, playing: true }
}
