import { createStore, type StoreApi } from 'zustand/vanilla'
import { commit, createHistory, currentNode, redo, undo, type History } from './history'
import type { Design } from './types'

export interface DocumentState {
  readonly history: History<Design>
  /** What the page shows: the current snapshot, or the edit in progress upon it. */
  readonly design: Design
  /** Shows an edit in progress (a drag) without a place in the history. */
  preview(this: void, design: Design): void
  /** Makes an edit lasting: `design`, or what is shown. Does nothing when nothing changed. */
  commit(this: void, label: string, design?: Design, mergeKey?: string): void
  /** Drops the edit in progress. */
  revert(this: void): void
  undo(this: void): void
  redo(this: void): void
}

export type DocumentStore = StoreApi<DocumentState>

export function createDocumentStore(initial: Design, label: string, now: () => number = Date.now): DocumentStore {
  return createStore<DocumentState>()((set, get) => {
    const move = (history: History<Design>) => set({ history, design: currentNode(history).value })
    return {
      history: createHistory(initial, label),
      design: initial,
      preview: (design) => set({ design }),
      commit: (commitLabel, design, mergeKey) => {
        const { history, design: shown } = get()
        const next = design ?? shown
        if (next === currentNode(history).value) return
        const options = mergeKey === undefined ? { at: now() } : { at: now(), mergeKey }
        move(commit(history, next, commitLabel, options))
      },
      revert: () => move(get().history),
      undo: () => move(undo(get().history)),
      redo: () => move(redo(get().history)),
    }
  })
}
