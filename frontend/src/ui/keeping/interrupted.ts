/** A run that a reload of the page interrupted: its seed brings the same candidates again. */

const KEY = 'gpff-studio-run'

/** Where a run was begun: a document, and the node of its history. */
export interface Beginning {
  readonly document: string
  readonly node: number
}

const words = ({ document, node }: Beginning): string => `${document} ${node}`

/** Remembers, for this tab, the run that is going on; null: none is. */
export function rememberRun(begun: Beginning | null, storage: Storage = sessionStorage): void {
  try {
    if (begun === null) storage.removeItem(KEY)
    else storage.setItem(KEY, words(begun))
  } catch {
    // Without storage a reload ends the run.
  }
}

/** Whether this tab was loaded anew while a run was going on that began here. */
export function wasInterrupted(here: Beginning, storage: Storage = sessionStorage): boolean {
  try {
    return storage.getItem(KEY) === words(here)
  } catch {
    return false
  }
}
