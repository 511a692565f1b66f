/** A tree of immutable snapshots. Undo walks to the parent, redo to the child visited last; no branch is ever lost. */
export interface HistoryNode<T> {
  readonly id: number
  readonly parent: number | null
  readonly label: string
  readonly value: T
  /** Edits with the same key, one right after another, share a node. */
  readonly mergeKey: string | null
  readonly at: number
}

export interface History<T> {
  readonly nodes: ReadonlyMap<number, HistoryNode<T>>
  readonly current: number
  /** Child to go to on redo, by node. */
  readonly forward: ReadonlyMap<number, number>
}

const MERGE_WINDOW_MS = 1_500

export function createHistory<T>(value: T, label: string): History<T> {
  const root: HistoryNode<T> = { id: 0, parent: null, label, value, mergeKey: null, at: 0 }
  return { nodes: new Map([[0, root]]), current: 0, forward: new Map() }
}

export function currentNode<T>(history: History<T>): HistoryNode<T> {
  const node = history.nodes.get(history.current)
  if (node === undefined) throw new Error(`history has no node ${history.current}`)
  return node
}

export interface CommitOptions {
  readonly mergeKey?: string
  readonly at?: number
}

/** Adds a snapshot after the current one, or replaces it when both are quick edits of the same kind. */
export function commit<T>(history: History<T>, value: T, label: string, options: CommitOptions = {}): History<T> {
  const at = options.at ?? 0
  const mergeKey = options.mergeKey ?? null
  const here = currentNode(history)
  const leaf = !history.forward.has(here.id)
  if (mergeKey !== null && mergeKey === here.mergeKey && leaf && at - here.at < MERGE_WINDOW_MS) {
    const nodes = new Map(history.nodes).set(here.id, { ...here, value, label, at })
    return { ...history, nodes }
  }
  const id = Math.max(...history.nodes.keys()) + 1
  const nodes = new Map(history.nodes).set(id, { id, parent: here.id, label, value, mergeKey, at })
  return { nodes, current: id, forward: new Map(history.forward).set(here.id, id) }
}

export function canUndo<T>(history: History<T>): boolean {
  return currentNode(history).parent !== null
}

export function canRedo<T>(history: History<T>): boolean {
  return history.forward.has(history.current)
}

export function undo<T>(history: History<T>): History<T> {
  const { id, parent } = currentNode(history)
  if (parent === null) return history
  return { ...history, current: parent, forward: new Map(history.forward).set(parent, id) }
}

export function redo<T>(history: History<T>): History<T> {
  const next = history.forward.get(history.current)
  return next === undefined ? history : { ...history, current: next }
}
