import { beforeEach, describe, expect, it, vi } from 'vitest'
import { setSettings } from '../../document/design'
import { fromSaved } from '../../document/saved'
import type { Design, DesignFile, DesignPatch, NewDesign, NewNode } from '../../service/design_types'
import { ServiceError } from '../../service/http'
import { fakePage, fakeShelf } from './fakes'
import { Keeper } from './keeper'
import { batches, Saving } from './saving'

vi.mock('./claim', () => ({ claim: () => Promise.resolve(() => undefined), ownDocument: () => null, rememberDocument: () => undefined }))
vi.mock('./picture', () => ({ pictureOf: () => Promise.resolve(null), sketchOf: () => '' }))

/** What the service would keep: one design, with the rules that matter here. */
const service = vi.hoisted(() => {
  const kept = { revision: 0, name: '', state: null as unknown, nodes: [] as NewNode[], gone: false, offline: false }
  const answer = () => ({ id: 'far', revision: kept.revision, share: null })
  const check = (known: number) => {
    if (kept.gone) throw Object.assign(new Error('gone'), { status: 404 })
    if (known !== kept.revision) throw Object.assign(new Error('outdated'), { status: 412 })
  }
  return { kept, answer, check }
})
const refusing = <T,>(act: () => T): Promise<T> => {
  try {
    if (service.kept.offline) throw new ServiceError('The service is out of reach.', 0)
    return Promise.resolve(act())
  } catch (error) {
    const { message, status } = error as ServiceError
    return Promise.reject(new ServiceError(message, status))
  }
}
vi.mock('../../service/designs', () => ({
  createDesign: ({ name, state, nodes }: NewDesign) => refusing(() => {
    Object.assign(service.kept, { name, state, nodes: [...(nodes ?? [])], revision: 1, gone: false })
    return service.answer() as Design
  }),
  appendNodes: (_: string, nodes: readonly NewNode[], known: number) => refusing(() => {
    service.check(known)
    service.kept.nodes.push(...nodes)
    service.kept.revision++
    return service.answer()
  }),
  patchDesign: (_: string, { name, state, node_names = {} }: DesignPatch, known: number) => refusing(() => {
    service.check(known)
    const names = node_names as Record<string, string | null>
    const nodes = service.kept.nodes.map((node) => (node.id != null && node.id in names ? { ...node, name: names[node.id] } : node))
    Object.assign(service.kept, { name, state, nodes, revision: service.kept.revision + 1 })
    return service.answer() as Design
  }),
  fetchDesign: () => refusing(() => ({ file: file(), summary: service.answer() })),
}))

const file = (): unknown => JSON.parse(JSON.stringify({
  format: 'gpff-saved-design', version: 1, name: service.kept.name, tags: [], created: '2026-01-01T00:00:00Z', thumbnail: null, state: service.kept.state,
  nodes: service.kept.nodes.map((node) => ({ candidates: [], model: null, reproducible: true, chosen: null, ...node })),
} satisfies Partial<Record<keyof DesignFile, unknown>>))

function open() {
  const page = fakePage()
  const keeper = new Keeper(page.studio, page.actions, fakeShelf(), () => crypto.randomUUID())
  const edit = (seed: number) => {
    const { commit, design } = page.document.getState()
    commit('Seed', setSettings(design, { seed }), 'seed')
  }
  return { ...page, keeper, edit, saving: new Saving(page.studio, keeper) }
}

beforeEach(() => {
  Object.assign(service.kept, { revision: 0, name: '', state: null, nodes: [], gone: false, offline: false })
})

describe('saving', () => {
  it('sends everything once, then only what is new, and what it sent can be read', async () => {
    const { saving, edit, document } = open()
    edit(1)
    expect(await saving.save()).toBe(true)
    expect(service.kept.nodes).toHaveLength(2)
    edit(2)
    document.getState().nameNode(0, 'start')
    expect(await saving.save()).toBe(true)
    expect(service.kept.nodes.map((n) => n.id)).toEqual(['n0', 'n1', 'n2'])
    const { opened } = fromSaved(file())
    expect([...opened.history.nodes.values()].map((n) => n.value)).toEqual([...document.getState().history.nodes.values()].map((n) => n.value))
    expect(opened.history.nodes.get(0)?.name).toBe('start')
    expect(opened.history.current).toBe(2)
  })

  it('asks what to do when somebody else has saved, and keeps both when mine becomes a copy', async () => {
    const { saving, edit, desk, document } = open()
    edit(1)
    await saving.save()
    service.kept.revision++
    edit(2)
    expect(await saving.save()).toBe(false)
    expect(desk.getState().dialog).toBe('conflict')
    expect(service.kept.nodes).toHaveLength(2)
    expect(await saving.keepAsCopy()).toBe(true)
    expect(service.kept.name).toBe('C6H6 with CHO2 (copy)')
    expect(service.kept.nodes).toHaveLength(3)
    expect(document.getState().history.nodes.size).toBe(3)
  })

  it('opens theirs instead, and goes on from their revision', async () => {
    const { saving, edit, document } = open()
    edit(1)
    await saving.save()
    service.kept.revision++
    edit(2)
    await saving.save()
    await saving.loadTheirs()
    expect(document.getState().history.nodes.size).toBe(2)
    edit(3)
    expect(await saving.save()).toBe(true)
    expect(service.kept.nodes.at(-1)?.label).toBe('Seed')
  })

  it('saves a design anew that was deleted on the service', async () => {
    const { saving, edit } = open()
    await saving.save()
    service.kept.gone = true
    edit(1)
    expect(await saving.save()).toBe(true)
    expect(service.kept.nodes).toHaveLength(2)
  })

  it('says that nothing is lost when the service is out of reach, and saves later', async () => {
    const { saving, edit, toasts, keeper } = open()
    edit(1)
    service.kept.offline = true
    expect(await saving.save()).toBe(false)
    expect(toasts()[0]).toContain('stays kept in this browser')
    expect(keeper.store.getState()).toMatchObject({ remote: null, saving: false })
    service.kept.offline = false
    expect(await saving.save()).toBe(true)
  })
})

it('parts what is too long for one request, in order', () => {
  const node = (k: number, size: number): NewNode => ({ id: `n${k}`, label: 'x'.repeat(size) })
  const parts = batches([node(0, 400_000), node(1, 400_000), node(2, 100), node(3, 900_000)])
  expect(parts.map((p) => p.map((n) => n.id))).toEqual([['n0'], ['n1', 'n2'], ['n3']])
  expect(batches([])).toEqual([[]])
})
