import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Incoming } from './incoming/records'

/** What may stand beside the canvas. */
export type Panel = 'history' | 'molecule' | 'tables'
export type DialogName = 'open' | 'share' | 'details' | 'paste' | 'conflict'

/** A node of the history, or one candidate of a generation. */
export interface Place {
  readonly node: number
  readonly candidate: number | null
}

/** How the page is laid out and what lies upon it: nothing here belongs to the document. */
export interface Desk {
  readonly panel: Panel | null
  readonly palette: boolean
  readonly dialog: DialogName | null
  /** Several molecules of one file, of which one can be chosen. */
  readonly offered: { readonly from: string; readonly found: readonly Incoming[] } | null
  readonly compared: readonly [Place, Place] | null
  readonly touring: boolean
}

export type DeskStore = StoreApi<Desk>

const KEY = 'gpff-studio-panel'
/** From this width on there is room for a panel beside the canvas. */
const ROOMY = '(min-width: 1180px)'

export const samePlace = (a: Place | null, b: Place | null): boolean =>
  a !== null && b !== null && a.node === b.node && a.candidate === b.candidate

export function createDesk(): DeskStore {
  const desk = createStore<Desk>()(() => ({
    panel: storedPanel(),
    palette: false,
    dialog: null,
    offered: null,
    compared: null,
    touring: false,
  }))
  desk.subscribe((now, before) => {
    if (now.panel !== before.panel) rememberPanel(now.panel)
  })
  return desk
}

function storedPanel(): Panel | null {
  if (!window.matchMedia(ROOMY).matches) return null
  try {
    const value = localStorage.getItem(KEY)
    if (value === null) return 'molecule'
    return value === 'history' || value === 'molecule' || value === 'tables' ? value : null
  } catch {
    return 'molecule' // storage may be forbidden
  }
}

function rememberPanel(panel: Panel | null): void {
  try {
    localStorage.setItem(KEY, panel ?? 'none')
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
}
