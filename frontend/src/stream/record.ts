import type { Design } from '../document/types'
import type { ErrorMessage, Limits, ModelCard, VerdictMessage } from './protocol'
import { reduceRun, type Run } from './run'
import type { LinkState } from './socket'

/** A run together with the design that it came from. */
export interface RunRecord {
  readonly run: Run
  /** With its blobs as they are led now. */
  readonly design: Design
  /** As it was when the run began: what the picture is framed about. */
  readonly begun: Design
  /** The history node that it was started from. */
  readonly node: number
  /** The history node that holds what came of it, once there is one. */
  readonly filed: number | null
  /** Set for a run that its seed alone does not bring back. */
  readonly altered: 'steered' | 'branched' | null
  /** The run that it branched from, by both its names, and where. */
  readonly from: { readonly reqId: string; readonly job: string; readonly step: number } | null
}

export interface RunsState {
  readonly link: LinkState
  readonly model: ModelCard | null
  readonly limits: Limits | null
  /** The run on show, live or finished. */
  readonly active: string | null
  readonly records: ReadonlyMap<string, RunRecord>
  /** The last error that belongs to no run. */
  readonly fault: ErrorMessage | null
}

export const NO_RUNS: RunsState = { link: { kind: 'connecting' }, model: null, limits: null, active: null, records: new Map(), fault: null }

export const activeRecord = ({ active, records }: RunsState): RunRecord | null => (active === null ? null : (records.get(active) ?? null))

/** The records after these verdicts; the same map where they belong to none of them. */
export function judged(records: RunsState['records'], verdicts: readonly VerdictMessage[]): RunsState['records'] {
  const now = new Map(records)
  let changed = false
  for (const [id, record] of records) {
    const run = verdicts.reduce<Run>(reduceRun, record.run)
    if (run === record.run) continue
    changed = true
    now.set(id, { ...record, run })
  }
  return changed ? now : records
}

const alike = <T extends object>(a: T, b: T, but: keyof T): boolean =>
  (Object.keys(a) as (keyof T)[]).every((key) => key === but || a[key] === b[key])

/** A look at the active run that answers the record of before while only verdicts have come: there are several in a second. */
export function butVerdicts(): (state: RunsState) => RunRecord | null {
  let last: RunRecord | null = null
  return (state) => {
    const now = activeRecord(state)
    const same = last !== null && now !== null && alike(last, now, 'run') && alike(last.run, now.run, 'verdicts')
    if (!same) last = now
    return last
  }
}
