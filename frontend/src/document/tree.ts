import { pathTo, type History, type HistoryNode } from './history'

/** One line of the history as a list. */
export interface TreeRow<T> {
  readonly node: HistoryNode<T>
  /** Branches that were left stand one step to the right of the line that was followed. */
  readonly depth: number
  /** `past`: undo leads there; `ahead`: redo does; `aside`: another branch. */
  readonly place: 'past' | 'current' | 'ahead' | 'aside'
  /** The first line of a branch. */
  readonly forks: boolean
}

/** The whole tree from the root down, the line through the current node straight, every other branch indented under where it forks. */
export function treeRows<T>(history: History<T>): TreeRow<T>[] {
  const children = childrenById(history)
  const past = new Set(pathTo(history, history.current))
  const ahead = redoPath(history)
  const rows: TreeRow<T>[] = []
  const todo: { id: number; depth: number; forks: boolean }[] = [{ id: rootOf(history), depth: 0, forks: false }]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const node = history.nodes.get(next.id)
    if (node === undefined) continue
    const { id, depth, forks } = next
    const place = id === history.current ? 'current' : past.has(id) ? 'past' : ahead.has(id) ? 'ahead' : 'aside'
    rows.push({ node, depth, place, forks })
    const below = children.get(id) ?? []
    const main = below.find((c) => past.has(c)) ?? history.forward.get(id) ?? below.at(-1)
    // Taken from the end: the branches first, then the line goes on.
    if (main !== undefined) todo.push({ id: main, depth, forks: false })
    for (const branch of below.filter((c) => c !== main).reverse()) todo.push({ id: branch, depth: depth + 1, forks: true })
  }
  return rows
}

function childrenById<T>(history: History<T>): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const { id, parent } of history.nodes.values()) {
    if (parent === null) continue
    const list = children.get(parent)
    if (list === undefined) children.set(parent, [id])
    else list.push(id)
  }
  return children
}

function redoPath<T>(history: History<T>): Set<number> {
  const ahead = new Set<number>()
  for (let at = history.forward.get(history.current); at !== undefined && !ahead.has(at); at = history.forward.get(at)) ahead.add(at)
  return ahead
}

function rootOf<T>(history: History<T>): number {
  return pathTo(history, history.current)[0]
}
