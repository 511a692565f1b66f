import type { Generation } from '../../document/history'
import type { Design } from '../../document/types'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long ago, in few letters. */
export function ago(at: number, now: number = Date.now()): string {
  const past = now - at
  if (past < MINUTE) return 'just now'
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`
  return new Date(at).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' })
}

/** What came of a generation, in few letters. */
export function summary({ settings }: Design, { candidates, stoppedAt }: Generation): string {
  const valid = candidates.filter((c) => c.valid).length
  if (stoppedAt !== undefined) return `stopped at step ${stoppedAt} of ${settings.steps} · seed ${settings.seed}`
  return `seed ${settings.seed} · ${valid} of ${candidates.length} valid`
}
