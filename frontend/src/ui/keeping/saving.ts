import { calledIn, unsaved, type Remote } from '../../document/remote'
import { fromSaved, nameNodes, oneLine, toNewNode, toState } from '../../document/saved'
import type { History } from '../../document/history'
import type { Design as Snapshot } from '../../document/types'
import { appendNodes, createDesign, fetchDesign, patchDesign, shareDesign } from '../../service/designs'
import type { Design, DesignSummary, NewNode } from '../../service/design_types'
import { ServiceError, words } from '../../service/http'
import type { Studio } from '../../studio'
import { addToast } from '../session'
import type { Keeper } from './keeper'
import { titleOf } from './naming'
import { pictureOf } from './picture'

/** A request may not be longer than the service takes, 1 MiB unless its settings say otherwise. */
const MOST_BYTES = 600_000

/** Keeps the document on the service, and tells when somebody else has changed it there meanwhile. */
export class Saving {
  constructor(
    private readonly studio: Studio,
    private readonly keeper: Keeper,
  ) {}

  /** Saves what the service does not know yet. Answers whether all of it is there now. */
  async save(): Promise<boolean> {
    if (this.keeper.store.getState().saving) return false
    this.keeper.store.setState({ saving: true })
    try {
      await this.send()
      addToast(this.studio.session, 'info', `Saved “${this.title()}” on the service`)
      return true
    } catch (error) {
      this.failed(error)
      return false
    } finally {
      this.keeper.store.setState({ saving: false })
    }
  }

  private async send(): Promise<void> {
    const { document } = this.studio
    document.getState().seal()
    const { remote } = this.keeper.store.getState()
    if (remote === null) {
      await this.create()
      return
    }
    try {
      await this.update(remote)
    } catch (error) {
      // Somebody has deleted it there; here it still is.
      if (!(error instanceof ServiceError && error.status === 404)) throw error
      await this.create()
    }
  }

  private async create(): Promise<void> {
    const { history, title, tags } = this.studio.document.getState()
    const names = nameNodes(history, new Map())
    const [first, ...rest] = batches([...history.nodes.keys()].map((id) => toNewNode(history, id, names)))
    const made = await createDesign(
      { name: oneLine(this.title()), tags, thumbnail: await pictureOf(this.studio.document.getState().design), nodes: first, state: rest.length === 0 ? toState(history, names) : null },
      crypto.randomUUID(),
    )
    const remote: Remote = { id: made.id, revision: made.revision, share: made.share, title, tags, names, called: calledIn(history) }
    if (rest.length === 0) this.keeper.setRemote(remote)
    else await this.finish(remote, history, rest)
  }

  private async update(remote: Remote): Promise<void> {
    const { history } = this.studio.document.getState()
    const names = nameNodes(history, remote.names)
    const { nodes } = unsaved(remote, history, this.studio.document.getState())
    await this.finish({ ...remote, names }, history, batches(nodes.map((id) => toNewNode(history, id, names))), remote)
  }

  /** Sends nodes, then what may change. The remote is known to be as it is only when all of it has gone through. */
  private async finish(target: Remote, history: History<Snapshot>, parts: readonly NewNode[][], before: Remote | null = null): Promise<void> {
    const { title, tags, design } = this.studio.document.getState()
    let { revision } = target
    for (const nodes of parts) if (nodes.length > 0) revision = (await appendNodes(target.id, nodes, revision)).revision
    const called = before === null ? new Map<number, string | null>() : unsaved(before, history, { title, tags }).called
    const node_names = Object.fromEntries([...called].map(([id, name]) => [target.names.get(id) ?? '', name === null ? null : oneLine(name)]))
    const patch = { name: oneLine(this.title()), tags, thumbnail: await pictureOf(design), state: toState(history, target.names), node_names }
    const made = await patchDesign(target.id, patch, revision)
    this.keeper.setRemote({ ...target, revision: made.revision, share: made.share, title, tags, called: calledIn(history) })
  }

  private failed(error: unknown): void {
    // 409: somebody else has given one of our names to a node of theirs.
    if (error instanceof ServiceError && (error.status === 412 || error.status === 409)) {
      this.studio.desk.setState({ dialog: 'conflict' })
      return
    }
    const offline = error instanceof ServiceError && error.status === 0
    this.keeper.complain(offline ? 'The service is out of reach. The design stays kept in this browser; save it once you are online.' : `Not saved: ${words(error)}`)
  }

  // --- somebody else has saved first --------------------------------------------------------------

  /** Keeps what is here as a design of its own; theirs stays as it is. */
  async keepAsCopy(): Promise<boolean> {
    const { document } = this.studio
    document.getState().setTitle({ title: `${this.title()} (copy)` })
    this.keeper.setRemote(null)
    return this.save()
  }

  /** Opens what is on the service. What was open stays kept in this browser. */
  async loadTheirs(): Promise<void> {
    const { remote } = this.keeper.store.getState()
    if (remote !== null) await this.open(remote.id)
  }

  // --- opening and sharing -------------------------------------------------------------------------

  async open(id: string): Promise<boolean> {
    try {
      const { file, summary } = await fetchDesign(id)
      const { opened, names } = fromSaved(file)
      await this.keeper.open(opened, remoteOf(summary, opened.history, names, opened))
      addToast(this.studio.session, 'info', `Opened “${titleOf(opened)}”`)
      return true
    } catch (error) {
      this.keeper.complain(`The design cannot be opened: ${words(error)}`)
      return false
    }
  }

  /** Shares the saved design, or ends that. */
  async share(shared: boolean): Promise<void> {
    const { remote } = this.keeper.store.getState()
    if (remote === null) return
    try {
      const { revision, share } = await shareDesign(remote.id, shared)
      // Only our own step: another's would have to be noticed when saving.
      const stepped = revision === remote.revision + 1 || revision === remote.revision
      this.keeper.setRemote({ ...remote, share, revision: stepped ? revision : remote.revision })
    } catch (error) {
      this.keeper.complain(`Not ${shared ? 'shared' : 'ended'}: ${words(error)}`)
    }
  }

  private title(): string {
    return titleOf(this.studio.document.getState())
  }
}

const remoteOf = ({ id, revision, share }: DesignSummary | Design, history: History<Snapshot>, names: Remote['names'], { title, tags }: Pick<Remote, 'title' | 'tags'>): Remote => ({
  id, revision, share, title, tags, names, called: calledIn(history),
})

/** Nodes in parts that fit into one request each. The first part is there even when there are none. */
export function batches(nodes: readonly NewNode[]): [NewNode[], ...NewNode[][]] {
  const parts: [NewNode[], ...NewNode[][]] = [[]]
  let size = 0
  for (const node of nodes) {
    const length = JSON.stringify(node).length
    if (size + length > MOST_BYTES && size > 0) {
      parts.push([])
      size = 0
    }
    parts[parts.length - 1].push(node)
    size += length
  }
  return parts
}
