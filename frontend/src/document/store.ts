import { createStore, type StoreApi } from 'zustand/vanilla'
import {
  commit, createHistory, currentNode, fileGeneration, jump, nameNode, redo, seal, undo,
  type CommitOptions, type Generation, type History, type Origin,
} from './history'
import type { Design } from './types'

/** What a whole document is called; no part of what undo covers. */
export interface Title {
  readonly title: string
  readonly tags: readonly string[]
}

export interface Opened extends Title {
  readonly history: History<Design>
}

export interface DocumentState extends Opened {
  /** What the page shows: the current snapshot, or the edit in progress upon it. */
  readonly design: Design
  /** Shows an edit in progress (a drag) without a place in the history. */
  preview(this: void, design: Design): void
  /** Makes an edit lasting: `design`, or what is shown. Does nothing when nothing changed. */
  commit(this: void, label: string, design?: Design, mergeKey?: string, origin?: Origin): void
  /** Drops the edit in progress. */
  revert(this: void): void
  undo(this: void): void
  redo(this: void): void
  /** Goes to any node of the history. */
  jump(this: void, node: number): void
  nameNode(this: void, node: number, name: string): void
  /**
   * Files what a run of `design`, started from `node`, came to. The page moves on to it, unless somebody has edited meanwhile.
   * Answers the new node.
   */
  file(this: void, node: number, design: Design, label: string, generation: Generation): number
  setTitle(this: void, title: Partial<Title>): void
  /** What there is has been handed over: later edits make nodes of their own. */
  seal(this: void): void
  /** Another document altogether. */
  open(this: void, opened: Opened): void
}

export type DocumentStore = StoreApi<DocumentState>

export function createDocumentStore(initial: Design, label: string, now: () => number = Date.now): DocumentStore {
  return createStore<DocumentState>()((set, get) => {
    const move = (history: History<Design>) => set({ history, design: currentNode(history).value })
    return {
      history: createHistory(initial, label, now()),
      design: initial,
      title: '',
      tags: [],
      preview: (design) => set({ design }),
      commit: (commitLabel, design, mergeKey, origin) => {
        const { history, design: shown } = get()
        const next = design ?? shown
        if (next === currentNode(history).value) return
        const options: CommitOptions = {
          at: now(),
          ...(mergeKey === undefined ? {} : { mergeKey }),
          ...(origin === undefined ? {} : { origin }),
        }
        move(commit(history, next, commitLabel, options))
      },
      revert: () => move(get().history),
      undo: () => move(undo(get().history)),
      redo: () => move(redo(get().history)),
      jump: (node) => move(jump(get().history, node)),
      nameNode: (node, name) => set(({ history }) => ({ history: nameNode(history, node, name) })),
      file: (node, design, fileLabel, generation) => {
        const { history, design: shown } = get()
        const moved = history.current !== node || shown !== design
        const filed = fileGeneration(history, node, { value: design, label: fileLabel, generation, at: now() }, moved)
        if (moved) set({ history: filed.history })
        else move(filed.history)
        return filed.id
      },
      setTitle: (title) => set(title),
      seal: () => set(({ history }) => ({ history: seal(history) })),
      open: ({ history, title, tags }) => {
        set({ title, tags })
        move(history)
      },
    }
  })
}
