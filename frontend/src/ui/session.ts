import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Axis, Pose } from '../gizmo/drag'
import type { Transform } from '../gizmo/modal'
import type { LayoutMode } from '../viewer/layout'
import type { Shells } from '../viewer/drawn'
import { storedTheme, type Theme } from './theme'

export type Tool = 'select' | 'blob' | 'attach' | 'measure'
/** `compare`: two nodes of the history, side by side. */
export type Mode = 'design' | 'results' | 'compare'

/** A keyboard transform in progress: G, R or S, then perhaps X, Y or Z. */
export interface Modal {
  readonly blob: string
  readonly kind: Transform
  readonly axis: Axis | null
  readonly start: Pose
  /** Where the pointer was when it began, canvas pixels; null before the pointer has moved. */
  readonly from: { readonly x: number; readonly y: number } | null
  /** A number that is being typed. */
  readonly typed: string
}

export interface Toast {
  readonly id: string
  readonly tone: 'info' | 'error'
  readonly text: string
}

/** What the page shows beside the document: nothing here is undone or generated from. */
export interface Session {
  readonly tool: Tool
  readonly selected: string | null
  readonly mode: Mode
  readonly layout: LayoutMode
  readonly shells: Shells
  /** Live runs rest after every step. */
  readonly slow: boolean
  /** Atoms of the scaffold that are chosen for editing, in the order chosen. */
  readonly atoms: readonly number[]
  /** The candidate that Enter accepts. */
  readonly focus: number | null
  /** The candidate under the pointer, on the canvas or on its card. */
  readonly hover: number | null
  /** The drawn atom under the pointer. */
  readonly hoverAtom: number | null
  /** Drawn atoms to measure between, in the order picked; at most four. */
  readonly measured: readonly number[]
  readonly modal: Modal | null
  readonly theme: Theme
  readonly help: boolean
  readonly toasts: readonly Toast[]
  /** What the live region says. */
  readonly announcement: string
}

/** The candidate that is meant while candidates are shown: the one in focus, or the only one. */
export function candidateLookedAt<C>({ mode, focus }: Pick<Session, 'mode' | 'focus'>, candidates: readonly C[]): { readonly index: number; readonly candidate: C } | null {
  const index = focus ?? (candidates.length === 1 ? 0 : null)
  const candidate = mode === 'results' && index !== null ? candidates.at(index) : undefined
  return index === null || candidate === undefined ? null : { index, candidate }
}

export type SessionStore = StoreApi<Session>

export function createSession(selected: string | null): SessionStore {
  return createStore<Session>()(() => ({
    tool: 'select',
    selected,
    mode: 'design',
    layout: 'grid',
    shells: 'both',
    slow: false,
    atoms: [],
    focus: null,
    hover: null,
    hoverAtom: null,
    measured: [],
    modal: null,
    theme: storedTheme(),
    help: false,
    toasts: [],
    announcement: '',
  }))
}

/** Shows a message for a while; an error stays longer. The same text is not shown twice at once. */
export function addToast(session: SessionStore, tone: Toast['tone'], text: string): void {
  const { toasts } = session.getState()
  if (toasts.some((t) => t.text === text)) return
  const id = crypto.randomUUID()
  session.setState({ toasts: [...toasts.slice(-3), { id, tone, text }] })
  setTimeout(() => dismissToast(session, id), tone === 'error' ? 9_000 : 4_500)
}

export function dismissToast(session: SessionStore, id: string): void {
  session.setState((s) => ({ toasts: s.toasts.filter((t) => t.id !== id) }))
}
