import { createStore, type StoreApi } from 'zustand/vanilla'
import { PLAIN_LOOK, type Hydrogens, type Labels, type Look, type StyleName } from '../viewer/look'

export type ViewingStore = StoreApi<Look>

const KEY = 'gpff-studio-look'

export const STYLES: readonly { value: StyleName; label: string }[] = [
  { value: 'balls', label: 'Balls and sticks' },
  { value: 'sticks', label: 'Sticks' },
  { value: 'spheres', label: 'Space-filling' },
  { value: 'lines', label: 'Lines' },
]
export const HYDROGENS: readonly { value: Hydrogens; label: string }[] = [
  { value: 'all', label: 'All hydrogens' },
  { value: 'polar', label: 'Not those on carbon' },
  { value: 'none', label: 'No hydrogens' },
]
export const LABELS: readonly { value: Labels; label: string }[] = [
  { value: 'none', label: 'No labels' },
  { value: 'elements', label: 'Elements' },
  { value: 'numbers', label: 'Elements and numbers' },
]

/** How atoms are drawn; the browser remembers it. */
export function createViewing(): ViewingStore {
  const store = createStore<Look>()(() => stored())
  store.subscribe((look) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(look))
    } catch {
      // Without storage the choice lasts until the page is closed.
    }
  })
  return store
}

function stored(): Look {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Partial<Look> | null
    const known = <T extends string>(options: readonly { value: T }[], wanted: unknown, otherwise: T): T =>
      options.find((o) => o.value === wanted)?.value ?? otherwise
    return {
      style: known(STYLES, value?.style, PLAIN_LOOK.style),
      hydrogens: known(HYDROGENS, value?.hydrogens, PLAIN_LOOK.hydrogens),
      labels: known(LABELS, value?.labels, PLAIN_LOOK.labels),
    }
  } catch {
    return PLAIN_LOOK
  }
}

/** The choice after this one, the first after the last. */
export function following<T extends string>(options: readonly { value: T; label: string }[], value: T): { value: T; label: string } {
  const at = options.findIndex((o) => o.value === value)
  return options[(at + 1) % options.length]
}
