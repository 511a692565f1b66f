import type { Design, Settings } from '../../document/types'
import type { RunRecord } from '../../stream/record'
import type { GenerateSpec } from '../../stream/protocol'

/** A run that a reload of the page interrupts: the service goes on with it for a while, and can be asked for all of it. */

const KEY = 'gpff-studio-run'

/** What finds a run again: the document and the node that it belongs to, its name at the service, and how it came about. */
export interface Interrupted extends Pick<RunRecord, 'node' | 'altered' | 'from'> {
  readonly document: string
  readonly job: string | null
  readonly spec: GenerateSpec
  /** Those that it began with: its node may have others by now. */
  readonly settings?: Settings
}

export type RunMemory = (going: Interrupted | null) => void

/** Remembers, for this tab, the run that is going on; null: none is. Storage is touched only when that is another than before. */
export function runMemory(storage: () => Storage = () => sessionStorage): RunMemory {
  let written: string | null | undefined
  return (going) => {
    const text = going === null ? null : JSON.stringify(going)
    if (text === written) return
    written = text
    try {
      if (text === null) storage().removeItem(KEY)
      else storage().setItem(KEY, text)
    } catch {
      // Without storage a reload ends the run.
    }
  }
}

/** The run of this document that was going on when this tab was loaded anew. */
export function interruptedRun(document: string, storage: () => Storage = () => sessionStorage): Interrupted | null {
  try {
    const going = JSON.parse(storage().getItem(KEY) ?? 'null') as Interrupted | null
    return going?.document === document && typeof going.spec === 'object' ? going : null
  } catch {
    return null // forbidden, or of an earlier page
  }
}

/** A node's design as a run began from it; the very same where the settings still are. */
export function begunWith(design: Design, settings: Settings | undefined): Design {
  return settings === undefined || JSON.stringify(settings) === JSON.stringify(design.settings) ? design : { ...design, settings }
}
