import type { RunRecord } from '../stream/record'
import { isLive } from '../stream/run'
import { describeAttempts } from './words'

/** What can be done with a run just now, or how it came to its end; null where that goes without saying. Counts are of frames. */
export function aboutRun({ run, from }: Pick<RunRecord, 'run' | 'from'>, { available, expected }: { available: number; expected: number }): string | null {
  const again = run.spec.valid_only === true
  if (run.phase === 'done') return again && run.result !== null && run.job !== null ? describeAttempts(run.result.attempts) : null
  if (!isLive(run)) return null
  if (run.lost) return 'Connection lost: the run goes on and is found again'
  if (run.paused) return 'Held. Move the blob, scrub, or let it go on with Space'
  // Verdicts come after the last frame, and what is run again is not shown on the way. A branch is not run again.
  return again && from === null && available >= expected ? 'Failed candidates are run again…' : 'Move the blob, and the atoms follow'
}
