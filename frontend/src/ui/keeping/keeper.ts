import { createStore, type StoreApi } from 'zustand/vanilla'
import { fromArchive, toArchive } from '../../document/archive'
import { createHistory, currentNode, generationOf, nodeOf } from '../../document/history'
import { remoteFromJson, remoteToJson, type Remote } from '../../document/remote'
import type { Shelf } from '../../document/shelf'
import type { Opened } from '../../document/store'
import type { Design } from '../../document/types'
import { words } from '../../service/http'
import type { Studio } from '../../studio'
import type { Actions } from '../actions'
import { addToast } from '../session'
import { claim, ownDocument, reclaim, rememberDocument, type Release } from './claim'
import { titleOf, wordsOf } from './naming'
import { sketchOf } from './picture'

export interface Keeping {
  /** The browser's name for this document. */
  readonly id: string
  /** `off`: this browser keeps nothing. `waiting`: there are changes that it has not kept yet. */
  readonly shelf: 'off' | 'waiting' | 'kept'
  /** What the service holds of it; null when it was never saved there. */
  readonly remote: Remote | null
  readonly saving: boolean
}

const PAUSE_MS = 500

/** Keeps the document in the browser's own database while it grows, and opens others in its place. */
export class Keeper {
  readonly store: StoreApi<Keeping>
  private release: Release = () => undefined
  private timer: ReturnType<typeof setTimeout> | null = null
  /** What the database holds, to tell whether there is anything new. */
  private kept: unknown = null

  constructor(
    private readonly studio: Studio,
    private readonly actions: Actions,
    readonly shelf: Shelf | null,
    private readonly makeId: () => string = () => crypto.randomUUID(),
  ) {
    this.store = createStore<Keeping>()(() => ({ id: makeId(), shelf: shelf === null ? 'off' : 'kept', remote: null, saving: false }))
  }

  /** Begins to keep what changes; answers how to stop. */
  watch(): () => void {
    const stop = this.studio.document.subscribe((now, before) => {
      if (now.history !== before.history || now.title !== before.title || now.tags !== before.tags) this.later()
    })
    const flush = () => {
      if (window.document.visibilityState === 'hidden') void this.keep()
    }
    window.document.addEventListener('visibilitychange', flush)
    return () => {
      stop()
      window.document.removeEventListener('visibilitychange', flush)
    }
  }

  /** The document that this tab had, or else the newest that no other page has open. Answers whether there was one. */
  async restore(): Promise<boolean> {
    if (this.shelf === null) return false
    const own = ownDocument()
    if (own !== null && (await this.shelf.get(own)) !== null) {
      const release = await reclaim(own)
      if (release !== null) return this.openKept(own, release)
    }
    for (const { id } of await this.shelf.list()) {
      const release = await claim(id)
      if (release !== null) return this.openKept(id, release)
    }
    return false
  }

  /** Opens a document that this browser has kept. */
  async openShelved(id: string): Promise<void> {
    if (id === this.store.getState().id) return
    const release = await claim(id)
    if (release === null) this.complain('This design is open in another tab or window.')
    else await this.openKept(id, release)
  }

  private async openKept(id: string, release: Release): Promise<boolean> {
    try {
      const entry = await this.shelf?.get(id)
      if (entry == null) throw new Error('it is no longer there')
      const remote = entry.remote == null ? null : remoteFromJson(entry.remote)
      await this.leave()
      this.show(fromArchive(entry.archive), id, remote, release)
      return true
    } catch (error) {
      release()
      this.complain(`The kept design cannot be opened: ${words(error)}`)
      return false
    }
  }

  /** Opens a document that comes from elsewhere; what was open stays kept. */
  async open(opened: Opened, remote: Remote | null): Promise<void> {
    await this.leave()
    const id = this.makeId()
    this.show(opened, id, remote, (await claim(id)) ?? (() => undefined))
    this.later()
  }

  /** A document of one design, with a history of its own. */
  async startNew(design: Design, label: string, title = ''): Promise<void> {
    await this.open({ title, tags: [], history: createHistory(design, label, Date.now()) }, null)
  }

  /** What goes on here ends, and is kept with the rest. */
  private async leave(): Promise<void> {
    this.studio.runs.cancel()
    await this.keep()
  }

  private show(opened: Opened, id: string, remote: Remote | null, release: Release): void {
    const { document, runs, session } = this.studio
    this.release()
    this.release = release
    rememberDocument(id)
    runs.clear()
    this.kept = opened.history
    this.store.setState({ id, remote, shelf: this.shelf === null ? 'off' : 'kept' })
    document.getState().open(opened)
    session.setState({ selected: null, focus: null, measured: [], modal: null, tool: 'select' })
    this.actions.travels.jump(opened.history.current)
    // What was picked from is there to be picked from again.
    const from = generationOf(opened.history, opened.history.current)
    if (from !== null && runs.active === null) runs.recall(from.node, nodeOf(opened.history, from.node).value, from.generation)
  }

  /** What the service holds has changed, or is known better. */
  setRemote(remote: Remote | null): void {
    this.store.setState({ remote })
    this.later()
  }

  private later(): void {
    if (this.shelf === null) return
    this.store.setState({ shelf: 'waiting' })
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.keep(), PAUSE_MS)
  }

  /** Keeps the document now. One that nobody has touched is not worth a place. */
  async keep(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (this.shelf === null || this.store.getState().shelf !== 'waiting') return
    const { history, title, tags } = this.studio.document.getState()
    const { id, remote } = this.store.getState()
    if (history.nodes.size < 2 && title === '' && remote === null && this.kept === null) {
      this.store.setState({ shelf: 'kept' })
      return
    }
    const opened = { history, title, tags }
    const entry = {
      id,
      at: Date.now(),
      title: titleOf(opened),
      words: wordsOf(opened),
      nodes: history.nodes.size,
      picture: sketchOf(currentNode(history).value),
      archive: toArchive(opened),
      remote: remote === null ? null : remoteToJson(remote),
    }
    try {
      await this.shelf.keep(entry)
      rememberDocument(id)
      if (this.kept === null) this.release = (await claim(id)) ?? this.release
      this.kept = history
      if (this.studio.document.getState().history === history && this.store.getState().id === id) this.store.setState({ shelf: 'kept' })
    } catch (error) {
      this.store.setState({ shelf: 'off' })
      this.complain(`This browser cannot keep the design: ${words(error)}`)
    }
  }

  complain(text: string): void {
    addToast(this.studio.session, 'error', text)
  }
}
