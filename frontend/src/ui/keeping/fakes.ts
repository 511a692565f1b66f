import { createStore } from 'zustand/vanilla'
import { FIRST_EXAMPLE } from '../../document/examples'
import type { Shelf, ShelfEntry } from '../../document/shelf'
import { createDocumentStore } from '../../document/store'
import type { Studio } from '../../studio'
import type { Actions } from '../actions'
import type { Desk } from '../desk'
import type { Session } from '../session'

/** As much of the page as keeping needs, for tests; `cleared` counts documents that were put in place of others. */
export function fakePage() {
  const page = { cleared: 0, jumps: [] as number[] }
  const session = createStore<Session>()(() => ({ toasts: [] }) as unknown as Session)
  const desk = createStore<Desk>()(() => ({ dialog: null }) as unknown as Desk)
  const document = createDocumentStore(FIRST_EXAMPLE.design(), 'Grow from benzene', () => 1_000)
  const studio = { document, session, desk, runs: { clear: () => { page.cleared++ }, cancel: () => undefined } } as unknown as Studio
  const actions = { travels: { jump: (node: number) => { page.jumps.push(node) } } } as unknown as Actions
  return { ...page, page, studio, actions, document, desk, toasts: () => session.getState().toasts.map((t) => t.text) }
}

/** A shelf that holds what passes through JSON, as a database would. */
export function fakeShelf(): Shelf & { entries: Map<string, ShelfEntry> } {
  const entries = new Map<string, ShelfEntry>()
  return {
    entries,
    keep: (entry) => {
      entries.delete(entry.id)
      entries.set(entry.id, JSON.parse(JSON.stringify(entry)) as ShelfEntry)
      return Promise.resolve()
    },
    get: (id) => Promise.resolve(entries.get(id) ?? null),
    list: () => Promise.resolve([...entries.values()].reverse()),
    remove: (id) => Promise.resolve(void entries.delete(id)),
  }
}
