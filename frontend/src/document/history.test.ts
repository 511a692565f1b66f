import { describe, expect, it } from 'vitest'
import type { Candidate } from '../stream/protocol'
import { fromArchive, toArchive } from './archive'
import { acceptCandidate, addBlob, freeHydrogens, openSite, removeBlob, setContent, setSettings, updateBlob } from './design'
import { FIRST_EXAMPLE } from './examples'
import { canRedo, canUndo, commit, createHistory, generationOf, jump, nameNode, nodeOf, pathTo, redo, undo, type Generation } from './history'
import { createDocumentStore, type DocumentStore } from './store'
import { treeRows } from './tree'
import type { Design } from './types'

const base = FIRST_EXAMPLE.design()

/** A small generator of numbers, so that a failure can be had again. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const candidate = (shift: number): Candidate => ({
  numbers: [6, 8, 1, 1],
  positions: [[0.1 + shift, 1 / 3, 0], [1.2, 0, 0], [-0.6, 0.93, 0], [-0.6, -0.93, 0]],
  smiles: 'C=O',
  valid: true,
  reason: null,
  bonds: [[0, 1, 2], [0, 2, 1], [0, 3, 1]],
  steps: 64,
  sigma_hat: 0.01,
  rms_force: null,
})

const generation = (shift: number): Generation => ({ candidates: [candidate(shift), candidate(-shift)], model: 'abc', reproducible: true })

/** One thing that a person might do, chosen by lot. */
function act(store: DocumentStore, roll: () => number): void {
  const { design, history, commit: keep, file, jump: go } = store.getState()
  const shift = Math.floor(roll() * 1e6) / 7
  switch (Math.floor(roll() * 8)) {
    case 0:
      keep('Place blob', addBlob(design, { kind: 'formula', text: 'CH4' }, [shift, 0, 0]).design)
      break
    case 1:
      if (design.blobs.length > 0) keep('Move blob', updateBlob(design, design.blobs[0].id, { center: [shift, 1 / 3, 0] }))
      break
    case 2:
      if (design.blobs.length > 0) keep('Change contents', setContent(design, design.blobs[0].id, { kind: 'random', heavyAtoms: 1 + Math.floor(shift % 9) }))
      break
    case 3:
      if (design.blobs.length > 1) keep('Remove blob', removeBlob(design, design.blobs[0].id))
      break
    case 4:
      keep('Change settings', setSettings(design, { seed: Math.floor(shift) }))
      break
    case 5: {
      const hydrogen = freeHydrogens(design).at(0)
      if (hydrogen !== undefined) keep('Open site', openSite(design, hydrogen, { kind: 'formula', text: 'CH3' }).design)
      break
    }
    case 6:
      file(history.current, design, 'Generate', generation(shift))
      break
    default: {
      const found = generationOf(history, history.current)
      if (found !== null) {
        go(found.node)
        keep('Use candidate 1', acceptCandidate(design, found.generation.candidates[0]), undefined, { kind: 'pick', candidate: 0 })
      }
    }
  }
}

describe('undo and redo', () => {
  it.each([1, 2, 3, 4, 5])('lead over 50 mixed actions and back to identical states (lot %i)', (seed) => {
    let time = 0
    const store = createDocumentStore(base, 'start', () => (time += 10_000))
    const roll = dice(seed)
    for (let k = 0; store.getState().history.nodes.size < 51; k++) {
      if (k > 5_000) throw new Error('too few actions did anything')
      act(store, roll)
    }
    const path = pathTo(store.getState().history, store.getState().history.current)
    const states = path.map((id) => store.getState().history.nodes.get(id)?.value)
    expect(path.length).toBeGreaterThan(30)
    for (let k = path.length - 2; k >= 0; k--) {
      store.getState().undo()
      expect(store.getState().history.current).toBe(path[k])
      expect(store.getState().design).toBe(states[k])
    }
    store.getState().undo()
    expect(store.getState().design).toBe(base)
    for (let k = 1; k < path.length; k++) {
      store.getState().redo()
      expect(store.getState().history.current).toBe(path[k])
      expect(store.getState().design).toBe(states[k])
    }
    const end = store.getState().history.current
    store.getState().redo()
    expect(store.getState().history.current).toBe(end)
  })

  it('walk back the way that a jump has come', () => {
    let history = createHistory('a', 'a')
    history = commit(history, 'b', 'b')
    history = commit(history, 'c', 'c')
    history = commit(undo(undo(history)), 'd', 'd')
    const c = 2
    history = jump(history, c)
    expect(pathTo(history, c)).toEqual([0, 1, 2])
    expect(undo(undo(history)).current).toBe(0)
    expect(redo(redo(undo(undo(history)))).current).toBe(c)
    expect(() => jump(history, 99)).toThrow(RangeError)
  })
})

describe('generations', () => {
  const result = generation(1)

  it('are moved on to, and a pick hangs under them', () => {
    const store = createDocumentStore(base, 'start')
    const id = store.getState().file(0, base, 'Generate', result)
    expect(store.getState().history.current).toBe(id)
    store.getState().commit('Use candidate 2', acceptCandidate(base, result.candidates[1]), undefined, { kind: 'pick', candidate: 1 })
    const { history } = store.getState()
    expect(generationOf(history, history.current)).toEqual({ node: id, generation: result })
    store.getState().undo()
    expect(store.getState().history.current).toBe(id)
  })

  it('do not pull back somebody who has edited meanwhile', () => {
    const store = createDocumentStore(base, 'start')
    store.getState().commit('edit', setSettings(base, { seed: 8 }))
    const { design, history } = store.getState()
    const id = store.getState().file(0, base, 'Generate', result)
    expect(store.getState().history.current).toBe(history.current)
    expect(store.getState().design).toBe(design)
    expect(store.getState().history.nodes.get(id)?.parent).toBe(0)
    store.getState().undo()
    store.getState().redo()
    expect(store.getState().history.current).toBe(history.current)
  })

  it('do not drop an edit in progress', () => {
    const store = createDocumentStore(base, 'start')
    const dragged = updateBlob(base, base.blobs[0].id, { center: [9, 9, 9] })
    store.getState().preview(dragged)
    store.getState().file(0, base, 'Generate', result)
    expect(store.getState().design).toBe(dragged)
  })
})

describe('names', () => {
  it('are kept trimmed, and an empty one is none', () => {
    const history = nameNode(createHistory('a', 'a'), 0, '  lead  ')
    expect(history.nodes.get(0)?.name).toBe('lead')
    expect(nameNode(history, 0, ' ').nodes.get(0)?.name).toBeNull()
  })
})

describe('the tree as a list', () => {
  it('keeps the line of the current node straight and indents what was left', () => {
    let history = createHistory('root', 'root')
    history = commit(history, 'left', 'left')
    history = commit(history, 'left leaf', 'left leaf')
    history = commit(undo(undo(history)), 'right', 'right')
    history = undo(commit(history, 'right leaf', 'right leaf'))
    const shown = treeRows(history).map(({ node, depth, place, forks }) => [node.label, depth, place, forks])
    expect(shown).toEqual([
      ['root', 0, 'past', false],
      ['left', 1, 'aside', true],
      ['left leaf', 1, 'aside', false],
      ['right', 0, 'current', false],
      ['right leaf', 0, 'ahead', false],
    ])
  })

  it('shows every node once, however long the history', () => {
    const roll = dice(7)
    let history = createHistory(0, '0')
    for (let k = 1; k < 3_000; k++) history = commit(roll() < 0.1 ? jump(history, Math.floor(roll() * k)) : history, k, String(k))
    const rows = treeRows(history)
    expect(new Set(rows.map((r) => r.node.id)).size).toBe(3_000)
    expect(rows.filter((r) => r.place === 'current')).toHaveLength(1)
  })
})

describe('archive', () => {
  const busy = (seed: number): DocumentStore => {
    let time = 0
    const store = createDocumentStore(base, 'start', () => (time += 10_000))
    const roll = dice(seed)
    for (let k = 0; k < 200; k++) {
      if (roll() < 0.15) store.getState().undo()
      else act(store, roll)
    }
    return store
  }
  const bare = (store: DocumentStore) => {
    const { history } = store.getState()
    return { ...history, nodes: [...history.nodes.values()].map((n) => ({ ...n, mergeKey: null })) }
  }

  it.each([11, 12, 13])('brings back every node, the place and the way ahead (lot %i)', (seed) => {
    const store = busy(seed)
    store.getState().setTitle({ title: 'Aspirin', tags: ['nsaid'] })
    const text = JSON.stringify(toArchive(store.getState()))
    const other = createDocumentStore(base, 'other')
    other.getState().open(fromArchive(JSON.parse(text)))
    expect(bare(other)).toEqual(bare(store))
    expect(other.getState()).toMatchObject({ title: 'Aspirin', tags: ['nsaid'] })
    expect(JSON.parse(JSON.stringify(toArchive(other.getState())))).toEqual(JSON.parse(text))
  })

  it('writes a shared scaffold once, and shares it again', () => {
    const store = createDocumentStore(base, 'start')
    for (let k = 0; k < 5; k++) store.getState().commit('seed', setSettings(store.getState().design, { seed: 100 + k }))
    const archive = toArchive(store.getState())
    expect(archive.scaffolds).toHaveLength(1)
    const read = fromArchive(JSON.parse(JSON.stringify(archive)))
    const scaffolds = new Set([...read.history.nodes.values()].map((n) => n.value.scaffold))
    expect(scaffolds.size).toBe(1)
  })

  const good = toArchive(busy(3).getState())
  type Node = Record<string, unknown> & { design: Record<string, unknown> & { blobs: Record<string, unknown>[] } }
  const spoil = (change: (archive: Record<string, unknown> & { nodes: Node[] }) => void): unknown => {
    const copy = JSON.parse(JSON.stringify(good)) as Record<string, unknown> & { nodes: Node[] }
    change(copy)
    return copy
  }
  it.each([
    ['another format', spoil((a) => (a.format = 'x')), 'design.format'],
    ['a later version', spoil((a) => (a.version = 2)), 'design.version'],
    ['no nodes', spoil((a) => (a.nodes = [])), 'design.forward'],
    ['a place that is nowhere', spoil((a) => (a.current = 1e6)), 'design.current'],
    ['two roots', spoil((a) => (a.nodes[1].parent = null)), 'nodes[1].parent'],
    ['a circle', spoil((a) => (a.nodes[1].parent = a.nodes[2].id)), 'nodes[1].parent'],
    ['the same id twice', spoil((a) => (a.nodes[1].id = 0)), 'nodes[1].id'],
    ['a scaffold that is not there', spoil((a) => (a.nodes[0].design.scaffold = 99)), 'nodes[0].design.scaffold'],
    ['a site that is no atom', spoil((a) => (a.nodes[0].design.blobs[0].site = 99)), 'blobs[0].site'],
    ['a centre that is no number', spoil((a) => (a.nodes[0].design.blobs[0].center = [0, null, 0])), 'blobs[0].center[1]'],
    ['a text', 'hello', 'design'],
    ['nothing', null, 'design'],
  ])('refuses %s and says where', (_, archive, where) => {
    expect(() => fromArchive(archive)).toThrow(where)
  })

  it('refuses a pick of a candidate that is not there', () => {
    const store = createDocumentStore(base, 'start')
    const { candidates } = generation(1)
    store.getState().file(0, base, 'Generate', generation(1))
    store.getState().commit('pick', acceptCandidate(base, candidates[0]), undefined, { kind: 'pick', candidate: 5 })
    expect(() => fromArchive(JSON.parse(JSON.stringify(toArchive(store.getState()))))).toThrow('candidate')
  })

  it('holds a typical design in few bytes', () => {
    const store = createDocumentStore(base, 'start')
    const designs: Design[] = []
    for (let k = 0; k < 100; k++) {
      const next = setSettings(store.getState().design, { seed: k + 1_000 })
      designs.push(next)
      store.getState().commit('seed', next)
    }
    expect(JSON.stringify(toArchive(store.getState())).length).toBeLessThan(100 * 700)
  })
})

describe('names', () => {
  const start = commit(createHistory('a', 'start'), 'b', 'edit')
  const nameOf = (history: typeof start, id: number) => nodeOf(history, id).name

  it('are taken back by undo before the node is left, and given again by redo before the next', () => {
    const named = commit(nameNode(nameNode(start, 0, 'first'), 0, 'second'), 'c', 'edit')
    let history = undo(named)
    expect([history.current, nameOf(history, 0)]).toEqual([1, 'second'])
    history = undo(history)
    expect([history.current, nameOf(history, 0)]).toEqual([1, 'first'])
    history = undo(history)
    expect([history.current, nameOf(history, 0)]).toEqual([1, null])
    history = undo(history)
    expect([history.current, nameOf(history, 0)]).toEqual([0, null])
    history = redo(redo(redo(history)))
    expect([history.current, nameOf(history, 0)]).toEqual([1, 'second'])
    expect(redo(history).current).toBe(2)
  })

  it('can be undone where nothing else can', () => {
    const named = nameNode(createHistory('a', 'start'), 0, 'it')
    expect(canUndo(named)).toBe(true)
    expect([canUndo(undo(named)), canRedo(undo(named))]).toEqual([false, true])
    expect(nameNode(named, 0, ' it ')).toBe(named)
  })

  it('that were taken back are not given again once something else was done', () => {
    const other = commit(undo(nameNode(start, 0, 'it')), 'c', 'edit')
    expect(canRedo(other)).toBe(false)
    expect(canRedo(undo(other)) && redo(undo(other)).current).toBe(2)
  })

  it('given anew elsewhere are left alone', () => {
    const renamed = nameNode(jump(nameNode(start, 1, 'here'), 0), 1, 'there')
    const back = undo(jump(renamed, 1))
    expect([back.current, nameOf(back, 1)]).toEqual([0, 'there'])
  })

  it('part one quick edit from the next', () => {
    const nudged = commit(createHistory('a', 'start'), 'b', 'nudge', { mergeKey: 'n' })
    expect(commit(nameNode(nudged, 1, 'it'), 'c', 'nudge', { mergeKey: 'n' }).nodes.size).toBe(3)
  })

  it('are undone after a reload, too; a page of before kept none to undo', () => {
    const store = createDocumentStore(base, 'start')
    store.getState().nameNode(0, 'kept')
    const archive = toArchive(store.getState())
    const { history } = fromArchive(JSON.parse(JSON.stringify(archive)))
    expect(nodeOf(undo(history), 0).name).toBeNull()
    expect(nodeOf(redo(undo(history)), 0).name).toBe('kept')
    const old = { ...archive, namings: undefined, unnamed: undefined }
    expect(canUndo(fromArchive(old).history)).toBe(false)
    expect(() => fromArchive({ ...archive, namings: [{ node: 9, at: 0, before: null, after: 'x' }] })).toThrow('namings[0].node')
  })
})
