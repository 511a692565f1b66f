import { beforeEach, describe, expect, it, vi } from 'vitest'
import { setSettings } from '../../document/design'
import { newDesign } from '../../document/examples'
import type { Remote } from '../../document/remote'
import { fakePage, fakeShelf } from './fakes'
import { Keeper } from './keeper'

/** Documents that other pages hold, and what this tab remembers. */
const held = new Set<string>()
let own: string | null = null
const take = (id: string) => {
  if (held.has(id)) return Promise.resolve(null)
  held.add(id)
  return Promise.resolve(() => void held.delete(id))
}
vi.mock('./claim', () => ({
  claim: (id: string) => take(id),
  reclaim: (id: string) => take(id),
  ownDocument: () => own,
  rememberDocument: (id: string) => { own = id },
}))

const REMOTE: Remote = { id: 'far', revision: 2, share: null, title: '', tags: [], names: new Map([[0, 'n0']]), called: new Map([[0, null]]) }

function open(shelf = fakeShelf()) {
  let n = 0
  const page = fakePage()
  const keeper = new Keeper(page.studio, page.actions, shelf, () => `d${shelf.entries.size}-${++n}`)
  const edit = (seed: number) => {
    const state = page.document.getState()
    state.commit('Seed', setSettings(state.design, { seed }))
    // What the subscription would do.
    keeper.store.setState({ shelf: 'waiting' })
  }
  return { ...page, keeper, shelf, edit }
}

beforeEach(() => {
  held.clear()
  own = null
})

describe('keeping', () => {
  it('keeps a document that somebody has worked on, and brings it back whole', async () => {
    const first = open()
    first.edit(1)
    first.edit(2)
    first.keeper.setRemote(REMOTE)
    await first.keeper.keep()
    const before = first.document.getState().history
    held.clear()
    const second = open(first.shelf)
    expect(await second.keeper.restore()).toBe(true)
    expect(second.document.getState().history).toEqual({ ...before, nodes: new Map([...before.nodes].map(([id, node]) => [id, { ...node, mergeKey: null }])) })
    expect(second.keeper.store.getState().remote).toEqual(REMOTE)
    expect(second.page.cleared).toBe(1)
  })

  it('keeps nothing of an example that nobody has touched', async () => {
    const { keeper, shelf } = open()
    keeper.store.setState({ shelf: 'waiting' })
    await keeper.keep()
    expect(shelf.entries.size).toBe(0)
    expect(keeper.store.getState().shelf).toBe('kept')
  })

  it('leaves a document alone that another page has open, and takes the next', async () => {
    const { keeper, edit, shelf } = open()
    edit(1)
    await keeper.keep()
    const [id] = shelf.entries.keys()
    expect(held.has(id)).toBe(true)
    own = null
    const other = open(shelf)
    expect(await other.keeper.restore()).toBe(false)
    expect(other.page.cleared).toBe(0)
    await other.keeper.openShelved(id)
    expect(other.toasts()).toEqual(['This design is open in another tab or window.'])
  })

  it('keeps what was open when another is opened, and lets go of it', async () => {
    const { keeper, edit, shelf, document } = open()
    edit(1)
    const first = keeper.store.getState().id
    await keeper.startNew(newDesign(), 'New design')
    expect(shelf.entries.get(first)?.nodes).toBe(2)
    expect(held.has(first)).toBe(false)
    expect(document.getState().history.nodes.size).toBe(1)
    await keeper.keep()
    await keeper.openShelved(first)
    expect(document.getState().history.nodes.size).toBe(2)
  })

  it('refuses an entry that is damaged, and goes on with what is open', async () => {
    const { keeper, edit, shelf, toasts, document, page } = open()
    edit(1)
    await keeper.keep()
    const [entry] = shelf.entries.values()
    shelf.entries.set('bad', { ...entry, id: 'bad', archive: { format: 'gpff-design', version: 9 } })
    await keeper.openShelved('bad')
    expect(toasts()[0]).toContain('expected 1, got 9')
    expect(document.getState().history.nodes.size).toBe(2)
    expect(page.cleared).toBe(0)
    expect(held.has('bad')).toBe(false)
  })

  it('says so when the browser cannot keep anything', async () => {
    const { keeper, edit, shelf, toasts } = open()
    edit(1)
    shelf.keep = () => Promise.reject(new Error('quota'))
    await keeper.keep()
    expect(keeper.store.getState().shelf).toBe('off')
    expect(toasts()).toEqual(['This browser cannot keep the design: quota'])
  })
})
