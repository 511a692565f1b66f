import type { Candidate } from '../stream/protocol'

/** What a run came to; the design that it was asked for is the node's own value. */
export interface Generation {
  readonly candidates: readonly Candidate[]
  /** Hash of the weights, or null when it is not known. */
  readonly model: string | null
  /** False for a run that was steered or branched: its seed alone does not bring it back. */
  readonly reproducible: boolean
  /** The step at which the run was stopped: its candidates are as they were then. Left out for one that came to its end. */
  readonly stoppedAt?: number
}

/** How a snapshot came about. A pick is the child of the generation whose candidate it took. */
export type Origin =
  | { readonly kind: 'edit' }
  | { readonly kind: 'generation'; readonly generation: Generation }
  | { readonly kind: 'pick'; readonly candidate: number }

export const EDIT: Origin = { kind: 'edit' }

/** A tree of immutable snapshots. Undo walks to the parent, redo to the child visited last; no branch is ever lost. */
export interface HistoryNode<T> {
  readonly id: number
  readonly parent: number | null
  readonly label: string
  /** What somebody has called it. */
  readonly name: string | null
  readonly value: T
  readonly origin: Origin
  /** Edits with the same key, one right after another, share a node. */
  readonly mergeKey: string | null
  readonly at: number
}

export interface History<T> {
  readonly nodes: ReadonlyMap<number, HistoryNode<T>>
  readonly current: number
  /** Child to go to on redo, by node. */
  readonly forward: ReadonlyMap<number, number>
  /** Names that undo takes back before it leaves the node at which they were given, oldest first. */
  readonly namings: readonly Naming[]
  /** Names that were taken back and that redo gives again, the last of them first. */
  readonly unnamed: readonly Naming[]
}

/** A node was called something. Names are no snapshots: they belong to the whole tree, but are undone like everything else. */
export interface Naming {
  readonly node: number
  /** Where the history stood then. */
  readonly at: number
  readonly before: string | null
  readonly after: string | null
}

const MERGE_WINDOW_MS = 1_500

export function createHistory<T>(value: T, label: string, at = 0): History<T> {
  const root: HistoryNode<T> = { id: 0, parent: null, label, name: null, value, origin: EDIT, mergeKey: null, at }
  return { nodes: new Map([[0, root]]), current: 0, forward: new Map(), namings: [], unnamed: [] }
}

export function nodeOf<T>(history: History<T>, id: number): HistoryNode<T> {
  const node = history.nodes.get(id)
  if (node === undefined) throw new RangeError(`history has no node ${id}`)
  return node
}

export const currentNode = <T>(history: History<T>): HistoryNode<T> => nodeOf(history, history.current)

export interface CommitOptions {
  readonly mergeKey?: string
  readonly at?: number
  readonly origin?: Origin
}

/** Adds a snapshot after the current one, or replaces it when both are quick edits of the same kind. */
export function commit<T>(history: History<T>, value: T, label: string, options: CommitOptions = {}): History<T> {
  const at = options.at ?? 0
  const mergeKey = options.mergeKey ?? null
  const here = currentNode(history)
  const leaf = !history.forward.has(here.id)
  if (mergeKey !== null && mergeKey === here.mergeKey && leaf && at - here.at < MERGE_WINDOW_MS) {
    const nodes = new Map(history.nodes).set(here.id, { ...here, value, label, at })
    return { ...history, nodes, unnamed: elsewhere(history.unnamed, here.id) }
  }
  const added = grow(history, here.id, { label, name: null, value, origin: options.origin ?? EDIT, mergeKey, at })
  return {
    ...added.history,
    current: added.id,
    forward: new Map(history.forward).set(here.id, added.id),
    unnamed: elsewhere(history.unnamed, here.id),
  }
}

/** What was done anew after an undo takes the place of what redo would have brought. */
const elsewhere = (namings: readonly Naming[], at: number): readonly Naming[] => namings.filter((n) => n.at !== at)

/**
 * Files what a run came to under the node that it started from, and goes there unless `stay`: somebody has moved on meanwhile, and
 * must not be pulled back.
 */
export function fileGeneration<T>(
  history: History<T>,
  parent: number,
  entry: { readonly value: T; readonly label: string; readonly generation: Generation; readonly at: number },
  stay: boolean,
): { readonly history: History<T>; readonly id: number } {
  const { value, label, generation, at } = entry
  const origin: Origin = { kind: 'generation', generation }
  const added = grow(history, parent, { label, name: null, value, origin, mergeKey: null, at })
  return stay ? added : { id: added.id, history: jump(added.history, added.id) }
}

function grow<T>(history: History<T>, parent: number, entry: Omit<HistoryNode<T>, 'id' | 'parent'>) {
  const id = nextId(history)
  return { id, history: { ...history, nodes: new Map(history.nodes).set(id, { id, parent, ...entry }) } }
}

function nextId<T>(history: History<T>): number {
  let last = 0
  for (const id of history.nodes.keys()) if (id > last) last = id
  return last + 1
}

/** From now on edits make nodes of their own: what has been handed over must not change. */
export function seal<T>(history: History<T>): History<T> {
  const here = currentNode(history)
  if (here.mergeKey === null) return history
  return { ...history, nodes: new Map(history.nodes).set(here.id, { ...here, mergeKey: null }) }
}

export function canUndo<T>(history: History<T>): boolean {
  return currentNode(history).parent !== null || undoneNaming(history) !== null
}

export function canRedo<T>(history: History<T>): boolean {
  return history.forward.has(history.current) || redoneNaming(history) !== null
}

/** The name that the next undo takes back, if it is one. One that has been given anew elsewhere is left alone. */
export function undoneNaming<T>({ namings, nodes, current }: History<T>): Naming | null {
  return namings.findLast(({ node, at, after }) => at === current && nodes.get(node)?.name === after) ?? null
}

/** The name that the next redo gives again, if it is one. */
export function redoneNaming<T>({ unnamed, nodes, current }: History<T>): Naming | null {
  return unnamed.findLast(({ node, at, before }) => at === current && nodes.get(node)?.name === before) ?? null
}

export function undo<T>(history: History<T>): History<T> {
  const naming = undoneNaming(history)
  if (naming !== null) {
    return { ...called(history, naming.node, naming.before), namings: history.namings.filter((n) => n !== naming), unnamed: [...history.unnamed, naming] }
  }
  const { id, parent } = currentNode(history)
  if (parent === null) return history
  return { ...history, current: parent, forward: new Map(history.forward).set(parent, id) }
}

export function redo<T>(history: History<T>): History<T> {
  const naming = redoneNaming(history)
  if (naming !== null) {
    return { ...called(history, naming.node, naming.after), namings: [...history.namings, naming], unnamed: history.unnamed.filter((n) => n !== naming) }
  }
  const next = history.forward.get(history.current)
  return next === undefined ? history : { ...history, current: next }
}

/** Goes to any node. Undo leads from there to the root, and redo back the same way. */
export function jump<T>(history: History<T>, id: number): History<T> {
  const forward = new Map(history.forward)
  const path = pathTo(history, id)
  for (let k = 0; k + 1 < path.length; k++) forward.set(path[k], path[k + 1])
  return { ...history, current: id, forward }
}

/** Ids from the root to this node. */
export function pathTo<T>(history: History<T>, id: number): number[] {
  const path: number[] = []
  for (let at: number | null = id; at !== null; at = nodeOf(history, at).parent) path.push(at)
  return path.reverse()
}

/** Calls a node something; an empty name takes the name away. */
export function nameNode<T>(history: History<T>, id: number, name: string): History<T> {
  const trimmed = name.trim()
  const { name: before } = nodeOf(history, id)
  const after = trimmed === '' ? null : trimmed
  if (after === before) return history
  // An edit that goes on after it is a step of its own.
  const { namings, unnamed, current } = history
  return seal({ ...called(history, id, after), namings: [...namings, { node: id, at: current, before, after }], unnamed: elsewhere(unnamed, current) })
}

const called = <T>(history: History<T>, id: number, name: string | null): History<T> =>
  ({ ...history, nodes: new Map(history.nodes).set(id, { ...nodeOf(history, id), name }) })

/** The node's generation: itself, or the one that a pick was taken from. */
export function generationOf<T>(history: History<T>, id: number): { readonly node: number; readonly generation: Generation } | null {
  const { origin, parent } = nodeOf(history, id)
  if (origin.kind === 'generation') return { node: id, generation: origin.generation }
  return origin.kind === 'pick' && parent !== null ? generationOf(history, parent) : null
}
