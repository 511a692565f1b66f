import type { History } from './history'
import { Reader } from './reader'
import type { NodeNames } from './saved'
import type { Title } from './store'
import type { Design } from './types'

/** What the service is known to hold of a document. */
export interface Remote extends Title {
  readonly id: string
  /** Which state of it this page has seen last. */
  readonly revision: number
  /** The name under which it is shared, or null. */
  readonly share: string | null
  /** The service's names of the nodes that it holds. */
  readonly names: NodeNames
  /** What people have called those nodes. */
  readonly called: ReadonlyMap<number, string | null>
}

/** What the service does not know yet. */
export interface Unsaved {
  /** Parents first. */
  readonly nodes: readonly number[]
  readonly called: ReadonlyMap<number, string | null>
  readonly title: boolean
}

export function unsaved(remote: Remote | null, history: History<Design>, { title, tags }: Title): Unsaved {
  const nodes: number[] = []
  const called = new Map<number, string | null>()
  for (const { id, name } of history.nodes.values()) {
    if (remote?.names.has(id) !== true) nodes.push(id)
    else if ((remote.called.get(id) ?? null) !== name) called.set(id, name)
  }
  const retitled = remote?.title !== title || remote.tags.length !== tags.length || remote.tags.some((tag, k) => tag !== tags[k])
  return { nodes, called, title: retitled }
}

export const isSaved = (remote: Remote | null, history: History<Design>, title: Title): boolean => {
  if (remote === null) return false
  const { nodes, called, title: retitled } = unsaved(remote, history, title)
  return nodes.length === 0 && called.size === 0 && !retitled
}

export const calledIn = (history: History<Design>): ReadonlyMap<number, string | null> =>
  new Map([...history.nodes.values()].map(({ id, name }) => [id, name]))

/** As JSON, for the browser's own database. */
export const remoteToJson = ({ names, called, ...rest }: Remote): unknown => ({ ...rest, names: [...names], called: [...called] })

/** Reads what `remoteToJson` wrote. Throws `ReadError` for anything else. */
export function remoteFromJson(value: unknown): Remote {
  const root = new Reader(value, 'remote')
  const pairs = (field: string): [number, Reader][] =>
    root.field(field).items(100_000).map((pair) => {
      const [id, other] = pair.fixed(2)
      return [id.integer(0, Number.MAX_SAFE_INTEGER), other]
    })
  return {
    id: root.field('id').text(100),
    revision: root.field('revision').integer(0, Number.MAX_SAFE_INTEGER),
    share: root.field('share').nullable((r) => r.text(200)),
    title: root.field('title').text(10_000),
    tags: root.field('tags').items(100).map((tag) => tag.text(200)),
    names: new Map(pairs('names').map(([id, name]) => [id, name.text(64)])),
    called: new Map(pairs('called').map(([id, name]) => [id, name.nullable((r) => r.text(10_000))])),
  }
}
