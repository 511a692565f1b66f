import type { Bond } from '../chemistry/bonds'
import type { Candidate, Sampler } from '../stream/protocol'
import type { Generation, History, HistoryNode, Naming, Origin } from './history'
import { Reader, ReadError } from './reader'
import type { Opened } from './store'
import { LIMITS, type Content, type Design, type GaussianBlob, type Scaffold, type Settings } from './types'

/**
 * A whole document as JSON: for the browser's own store, for files, and for the service. Scaffolds, which most snapshots share, are
 * written once. Numbers come back bit for bit.
 */
export const FORMAT = 'gpff-design'
export const VERSION = 1

const MOST_NODES = 100_000
const MOST_ATOMS = 4096
const MOST_TEXT = 10_000
const SAMPLERS: readonly Sampler[] = [
  'dd', 'sdd', 'ancestral', 'heun', 'stochastic_heun', 'as_ancestral', 'as_heun', 'as_stochastic_heun',
]

export interface ArchivedNode {
  readonly id: number
  readonly parent: number | null
  readonly label: string
  readonly name: string | null
  readonly at: number
  readonly origin: Origin
  readonly design: ArchivedDesign
}

/** A design whose scaffold is an index into the archive's. */
export interface ArchivedDesign extends Omit<Design, 'scaffold'> {
  readonly scaffold: number | null
}

export interface Archive {
  readonly format: typeof FORMAT
  readonly version: typeof VERSION
  readonly title: string
  readonly tags: readonly string[]
  readonly current: number
  /** Pairs of a node and the child that redo goes to. */
  readonly forward: readonly (readonly [number, number])[]
  /** Names that undo takes back, and those that redo gives again. Pages of before have neither. */
  readonly namings?: readonly Naming[]
  readonly unnamed?: readonly Naming[]
  readonly scaffolds: readonly Scaffold[]
  readonly nodes: readonly ArchivedNode[]
}

export function toArchive({ title, tags, history }: Opened): Archive {
  const scaffolds: Scaffold[] = []
  const index = new Map<Scaffold, number>()
  const place = (scaffold: Scaffold | null): number | null => {
    if (scaffold === null) return null
    const known = index.get(scaffold)
    if (known !== undefined) return known
    index.set(scaffold, scaffolds.length)
    return scaffolds.push(scaffold) - 1
  }
  const nodes = [...history.nodes.values()].map(({ id, parent, label, name, at, origin, value }): ArchivedNode => {
    return { id, parent, label, name, at, origin, design: { ...value, scaffold: place(value.scaffold) } }
  })
  const { current, forward, namings, unnamed } = history
  return { format: FORMAT, version: VERSION, title, tags, current, forward: [...forward], namings, unnamed, scaffolds, nodes }
}

/** Reads what `toArchive` wrote. Throws `ReadError` for anything else, and answers nothing half read. */
export function fromArchive(value: unknown): Opened {
  const root = new Reader(value, 'design')
  root.field('format').oneOf([FORMAT])
  root.field('version').oneOf([VERSION])
  const scaffolds = root.field('scaffolds').items(MOST_NODES).map(asScaffold)
  const nodes = new Map<number, HistoryNode<Design>>()
  for (const reader of root.field('nodes').items(MOST_NODES)) {
    const node = asNode(reader, scaffolds)
    if (nodes.has(node.id)) throw new ReadError(`${reader.path}.id`, 'a number of its own', node.id)
    // Parents come first, so there is one root and no circle.
    const rooted = node.parent === null ? nodes.size === 0 : nodes.has(node.parent)
    if (!rooted) throw new ReadError(`${reader.path}.parent`, 'an earlier node', node.parent)
    nodes.set(node.id, node)
  }
  const current = root.field('current')
  const forward = new Map<number, number>()
  for (const pair of root.field('forward').items(MOST_NODES)) {
    const [from, to] = pair.fixed(2).map((r) => r.number())
    if (nodes.get(to)?.parent !== from) throw new ReadError(pair.path, 'a node and its child', pair.value)
    forward.set(from, to)
  }
  const history: History<Design> = { nodes, current: current.number(), forward, ...asNamings(root, (r) => nodes.get(r.number())?.id) }
  if (!nodes.has(history.current)) throw new ReadError(current.path, 'one of the nodes', current.value)
  checkPicks(history)
  return {
    title: root.field('title').text(MOST_TEXT),
    tags: root.field('tags').items(100).map((tag) => tag.text(200)),
    history,
  }
}

/** Names that undo takes back and redo gives again; `idOf` answers the node that is meant. Pages of before kept none. */
export function asNamings(reader: Reader, idOf: (reader: Reader) => number | undefined): Pick<History<Design>, 'namings' | 'unnamed'> {
  const node = (r: Reader): number => {
    const id = idOf(r)
    if (id === undefined) throw new ReadError(r.path, 'one of the nodes', r.value)
    return id
  }
  const name = (r: Reader) => r.nullable((it) => it.text(MOST_TEXT))
  const list = (r: Reader): Naming[] => (r.nullable((it) => it.items(MOST_NODES)) ?? []).map((it) => (
    { node: node(it.field('node')), at: node(it.field('at')), before: name(it.field('before')), after: name(it.field('after')) }
  ))
  return { namings: list(reader.field('namings')), unnamed: list(reader.field('unnamed')) }
}

/** A pick hangs under the generation that it was taken from. */
export function checkPicks(history: History<Design>): void {
  for (const { id, origin, parent } of history.nodes.values()) {
    if (origin.kind !== 'pick') continue
    const from = parent === null ? undefined : history.nodes.get(parent)?.origin
    const known = from?.kind === 'generation' && origin.candidate < from.generation.candidates.length
    if (!known) throw new ReadError(`design, node ${id}`, 'a candidate of the node above', origin.candidate)
  }
}

function asNode(reader: Reader, scaffolds: readonly Scaffold[]): HistoryNode<Design> {
  return {
    id: reader.field('id').integer(0, Number.MAX_SAFE_INTEGER),
    parent: reader.field('parent').nullable((r) => r.integer(0, Number.MAX_SAFE_INTEGER)),
    label: reader.field('label').text(MOST_TEXT),
    name: reader.field('name').nullable((r) => r.text(MOST_TEXT)),
    at: reader.field('at').number(),
    origin: asOrigin(reader.field('origin')),
    mergeKey: null,
    value: asDesign(reader.field('design'), scaffolds),
  }
}

function asOrigin(reader: Reader): Origin {
  switch (reader.field('kind').oneOf(['edit', 'generation', 'pick'])) {
    case 'edit':
      return { kind: 'edit' }
    case 'pick':
      return { kind: 'pick', candidate: reader.field('candidate').integer(0, 65_535) }
    case 'generation':
      return { kind: 'generation', generation: asGeneration(reader.field('generation')) }
  }
}

function asGeneration(reader: Reader): Generation {
  return {
    ...asStop(reader.field('stoppedAt')),
    candidates: reader.field('candidates').items(1024).map(asCandidate),
    model: reader.field('model').nullable((r) => r.text(200)),
    reproducible: reader.field('reproducible').flag(),
  }
}

/** Where a generation was stopped; nothing for one that came to its end. */
export function asStop(reader: Reader): Pick<Generation, 'stoppedAt'> {
  const stoppedAt = reader.nullable((r) => r.integer(0, LIMITS.steps.max))
  return stoppedAt === null ? {} : { stoppedAt }
}

export function asCandidate(reader: Reader): Candidate {
  const { numbers, positions } = atoms(reader)
  const bonds = reader.field('bonds').items(2 * MOST_ATOMS).map((b) => asBond(b, numbers.length))
  return {
    numbers,
    positions,
    bonds,
    smiles: reader.field('smiles').nullable((r) => r.text(MOST_TEXT)),
    valid: reader.field('valid').flag(),
    reason: reader.field('reason').nullable((r) => r.text(MOST_TEXT)),
    steps: reader.field('steps').integer(0, 1_000_000),
    sigma_hat: reader.field('sigma_hat').nullable((r) => r.number()),
    rms_force: reader.field('rms_force').nullable((r) => r.number()),
  }
}

function asDesign(reader: Reader, scaffolds: readonly Scaffold[]): Design {
  const index = reader.field('scaffold').nullable((r) => r.integer(0, scaffolds.length - 1))
  return designOn(reader, index === null ? null : scaffolds[index])
}

/** A design but for its scaffold, which is known. */
export function designOn(reader: Reader, scaffold: Scaffold | null): Design {
  const blobs = reader.field('blobs').items(MOST_ATOMS).map((b) => asBlob(b, scaffold))
  return { blobs, scaffold, settings: asSettings(reader.field('settings')) }
}

function asBlob(reader: Reader, scaffold: Scaffold | null): GaussianBlob {
  const width = (r: Reader): number => r.number(0, LIMITS.width.max)
  const [wx, wy, wz] = reader.field('widths').fixed(3).map(width)
  const [x, y, z, w] = reader.field('rotation').fixed(4).map((r) => r.number(-1.001, 1.001))
  const atomsOf = scaffold?.numbers.length ?? 0
  const bridges = reader.field('bridges').nullable((r) => r.items(MOST_ATOMS).map((h) => h.integer(0, atomsOf - 1)))
  return {
    id: reader.field('id').text(100),
    content: asContent(reader.field('content')),
    center: reader.field('center').vector(LIMITS.reach),
    widths: [wx, wy, wz],
    rotation: [x, y, z, w],
    strictness: reader.field('strictness').number(0, 1000),
    site: reader.field('site').nullable((r) => r.integer(0, atomsOf - 1)),
    autoSize: reader.field('autoSize').flag(),
    ...(bridges === null ? {} : { bridges }),
  }
}

function asContent(reader: Reader): Content {
  return reader.field('kind').oneOf(['formula', 'random']) === 'formula'
    ? { kind: 'formula', text: reader.field('text').text(200) }
    : { kind: 'random', heavyAtoms: reader.field('heavyAtoms').integer(0, MOST_ATOMS) }
}

function asSettings(reader: Reader): Settings {
  return {
    samples: reader.field('samples').integer(1, 1024),
    steps: reader.field('steps').integer(LIMITS.steps.min, LIMITS.steps.max),
    sampler: reader.field('sampler').oneOf(SAMPLERS),
    seed: reader.field('seed').integer(LIMITS.seed.min, LIMITS.seed.max),
    // Designs of earlier pages have neither.
    noise: reader.field('noise').nullable((r) => r.number(LIMITS.noise.min, LIMITS.noise.max)),
    validOnly: reader.field('validOnly').nullable((r) => r.flag()) ?? false,
  }
}

export function asScaffold(reader: Reader): Scaffold {
  const { numbers, positions } = atoms(reader, LIMITS.reach)
  const charges = reader.field('charges').nullable((r) => r.fixed(numbers.length).map((q) => q.integer(-8, 8)))
  const free = reader.field('free').nullable((r) => r.items(numbers.length).map((k) => k.integer(0, numbers.length - 1)))
  return {
    numbers,
    positions,
    bonds: reader.field('bonds').items(2 * MOST_ATOMS).map((b) => asBond(b, numbers.length)),
    smiles: reader.field('smiles').nullable((r) => r.text(MOST_TEXT)),
    ...(charges === null ? {} : { charges }),
    ...(free === null ? {} : { free }),
  }
}

function atoms(reader: Reader, reach?: number): Pick<Scaffold, 'numbers' | 'positions'> {
  const numbers = reader.field('numbers').items(MOST_ATOMS).map((r) => r.integer(1, 118))
  const positions = reader.field('positions').fixed(numbers.length).map((r) => r.vector(reach))
  return { numbers, positions }
}

function asBond(reader: Reader, count: number): Bond {
  const [i, j, order] = reader.fixed(3)
  return [i.integer(0, count - 1), j.integer(0, count - 1), order.integer(1, 3)]
}
