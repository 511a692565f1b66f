/** One page at a time keeps a document: two would write over each other. */

const KEY = 'gpff-studio-document'
const TRIES = 6
const PAUSE_MS = 80

/** Lets go of what was claimed. */
export type Release = () => void

/** Claims a document for this page for as long as it lives; null when another page has it. */
export async function claim(id: string): Promise<Release | null> {
  // Browsers offer locks to secure pages only; elsewhere nothing tells pages apart.
  if (!('locks' in navigator)) return () => undefined
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`gpff-studio-document-${id}`, { ifAvailable: true }, (lock) => {
        if (lock === null) {
          resolve(null)
          return undefined
        }
        return new Promise<void>((release) => resolve(release))
      })
      .catch(reject)
  })
}

/** Claims what this tab had before it was loaded anew, which may take a moment to let go. */
export async function reclaim(id: string): Promise<Release | null> {
  for (let k = 0; k < TRIES; k++) {
    const release = await claim(id)
    if (release !== null) return release
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  return null
}

/** The document that this tab had before it was loaded anew. */
export function ownDocument(): string | null {
  try {
    return sessionStorage.getItem(KEY)
  } catch {
    return null // storage may be forbidden
  }
}

export function rememberDocument(id: string): void {
  try {
    sessionStorage.setItem(KEY, id)
  } catch {
    // Without storage a reload begins with the newest document.
  }
}
