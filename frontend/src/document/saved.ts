import type { DesignFile, NewNode } from '../service/design_types'
import { asCandidate, asNamings, asScaffold, asStop, checkPicks, designOn } from './archive'
import { nodeOf, type Generation, type History, type HistoryNode, type Naming, type Origin } from './history'
import { Reader, ReadError } from './reader'
import { toSpec } from './spec'
import type { Opened } from './store'
import type { Design } from './types'

/**
 * A document as the service keeps it: every node by itself, unchangeable but for its name, in an order in which parents come first.
 * Numbers come back bit for bit.
 */

const MOST_NODES = 100_000
const MOST_LINE = 200

/** The service's names of nodes, by the page's own numbers. */
export type NodeNames = ReadonlyMap<number, string>

export interface SavedState {
  readonly current: string
  /** Pairs of a node and the child that redo goes to. */
  readonly forward: readonly (readonly [string, string])[]
  readonly namings: readonly SavedNaming[]
  readonly unnamed: readonly SavedNaming[]
}

interface SavedNaming extends Pick<Naming, 'before' | 'after'> {
  readonly node: string
  readonly at: string
}

/** Names for nodes that have none yet; those that are known stay. */
export function nameNodes(history: History<Design>, known: NodeNames): NodeNames {
  const names = new Map(known)
  const taken = new Set(known.values())
  for (const id of history.nodes.keys()) {
    if (names.has(id)) continue
    let name = `n${id}`
    for (let k = 2; taken.has(name); k++) name = `n${id}.${k}`
    taken.add(name)
    names.set(id, name)
  }
  return names
}

/** One node as it is sent. A scaffold that is the parent's own is not written again. */
export function toNewNode(history: History<Design>, id: number, names: NodeNames): NewNode {
  const { parent, label, name, at, origin, value } = nodeOf(history, id)
  const inherited = parent !== null && value.scaffold !== null && nodeOf(history, parent).value.scaffold === value.scaffold
  const { blobs, settings, scaffold } = value
  return {
    id: named(names, id),
    parent: parent === null ? null : named(names, parent),
    kind: origin.kind,
    label: oneLine(label),
    name: name === null ? null : oneLine(name),
    created: new Date(at).toISOString(),
    payload: { blobs, settings, scaffold: inherited ? 'inherited' : scaffold, ...stopOf(origin) },
    ...ofOrigin(origin, value),
  }
}

/** The service knows of no stopped runs: where one was is the page's own word. */
const stopOf = (origin: Origin): Pick<Generation, 'stoppedAt'> =>
  origin.kind === 'generation' && origin.generation.stoppedAt !== undefined ? { stoppedAt: origin.generation.stoppedAt } : {}

function ofOrigin(origin: Origin, design: Design): Partial<NewNode> {
  switch (origin.kind) {
    case 'edit':
      return {}
    case 'pick':
      return { chosen: origin.candidate }
    case 'generation': {
      const { candidates, model, reproducible } = origin.generation
      return { spec: { ...toSpec(design), n_samples: candidates.length }, seed: design.settings.seed, model, reproducible, candidates }
    }
  }
}

export function toState(history: History<Design>, names: NodeNames): SavedState {
  const saved = ({ node, at, before, after }: Naming): SavedNaming => ({ node: named(names, node), at: named(names, at), before, after })
  return {
    current: named(names, history.current),
    forward: [...history.forward].map(([from, to]) => [named(names, from), named(names, to)] as const),
    namings: history.namings.map(saved),
    unnamed: history.unnamed.map(saved),
  }
}

function named(names: NodeNames, id: number): string {
  const name = names.get(id)
  if (name === undefined) throw new RangeError(`node ${id} has no name`)
  return name
}

export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, MOST_LINE)
}

/** Reads a design that the service has kept. Throws `ReadError` for anything else, and answers nothing half read. */
export function fromSaved(value: unknown): { readonly opened: Opened; readonly names: NodeNames } {
  const root = new Reader(value, 'design')
  const format: DesignFile['format'] = 'gpff-saved-design'
  root.field('format').oneOf([format])
  const nodes = new Map<number, HistoryNode<Design>>()
  const numbers = new Map<string, number>()
  for (const reader of root.field('nodes').items(MOST_NODES)) {
    const name = reader.field('id').text(64)
    const node = asNode(reader, nodes.size, numbers, nodes)
    numbers.set(name, node.id)
    nodes.set(node.id, node)
  }
  if (nodes.size === 0) throw new ReadError('design.nodes', 'at least one node', [])
  const history: History<Design> = { nodes, ...asState(root.field('state'), numbers, nodes) }
  checkPicks(history)
  return {
    opened: {
      title: root.field('name').text(MOST_LINE),
      tags: root.field('tags').items(100).map((tag) => tag.text(MOST_LINE)),
      history,
    },
    names: new Map([...numbers].map(([name, id]) => [id, name])),
  }
}

function asNode(reader: Reader, id: number, numbers: ReadonlyMap<string, number>, nodes: ReadonlyMap<number, HistoryNode<Design>>): HistoryNode<Design> {
  const above = reader.field('parent').nullable((r) => r.text(64))
  const parent = above === null ? null : numbers.get(above)
  if (parent === undefined || (parent === null) !== (id === 0)) throw new ReadError(`${reader.path}.parent`, 'an earlier node', above)
  const payload = reader.field('payload')
  if (payload.value === null || payload.value === undefined) throw new ReadError(payload.path, 'a design that this page has made', payload.value)
  const wanted = payload.field('scaffold')
  const inherited = parent === null ? null : (nodes.get(parent)?.value.scaffold ?? null)
  const scaffold = wanted.value === 'inherited' ? inherited : wanted.nullable(asScaffold)
  const at = Date.parse(reader.field('created').text(64))
  return {
    id,
    parent,
    label: reader.field('label').text(MOST_LINE),
    name: reader.field('name').nullable((r) => r.text(MOST_LINE)),
    at: Number.isNaN(at) ? 0 : at,
    origin: asOrigin(reader),
    mergeKey: null,
    value: designOn(payload, scaffold),
  }
}

function asOrigin(reader: Reader): Origin {
  switch (reader.field('kind').oneOf(['edit', 'generation', 'pick'])) {
    case 'edit':
      return { kind: 'edit' }
    case 'pick':
      return { kind: 'pick', candidate: reader.field('chosen').integer(0, 65_535) }
    case 'generation':
      return {
        kind: 'generation',
        generation: {
          candidates: reader.field('candidates').items(65_535).map(asCandidate),
          model: reader.field('model').nullable((r) => r.text(MOST_LINE)),
          reproducible: reader.field('reproducible').flag(),
          ...asStop(reader.field('payload').field('stoppedAt')),
        },
      }
  }
}

/** Where somebody stood last; the newest node when that is not known. */
function asState(reader: Reader, numbers: ReadonlyMap<string, number>, nodes: ReadonlyMap<number, HistoryNode<Design>>) {
  const forward = new Map<number, number>()
  if (reader.value === null || reader.value === undefined) return { current: nodes.size - 1, forward, namings: [], unnamed: [] }
  for (const pair of reader.field('forward').items(MOST_NODES)) {
    const [from, to] = pair.fixed(2).map((r) => numbers.get(r.text(64)))
    if (from === undefined || to === undefined || nodes.get(to)?.parent !== from) throw new ReadError(pair.path, 'a node and its child', pair.value)
    forward.set(from, to)
  }
  const current = numbers.get(reader.field('current').text(64))
  if (current === undefined) throw new ReadError(`${reader.path}.current`, 'one of the nodes', reader.field('current').value)
  return { current, forward, ...asNamings(reader, (r) => numbers.get(r.text(64))) }
}
