import { describe, expect, it } from 'vitest'
import type { Candidate } from '../stream/protocol'
import { fromArchive, toArchive } from './archive'
import { acceptCandidate, setSettings } from './design'
import { FIRST_EXAMPLE } from './examples'
import { commit, createHistory, fileGeneration, jump, nameNode, seal, undo, type History } from './history'
import { fromSaved, nameNodes, toNewNode, toState } from './saved'
import type { Design } from './types'

const candidate: Candidate = {
  numbers: [6, 8, 1, 1],
  positions: [[0.1234567890123, 0, 0], [1.2, 0, 0], [-0.6, 0.93, 0], [-0.6, -0.93, 0]],
  smiles: 'C=O',
  valid: true,
  reason: null,
  bonds: [[0, 1, 2], [0, 2, 1], [0, 3, 1]],
  steps: 64,
  sigma_hat: 0.01,
  rms_force: null,
}

/** An edit, a generation, a pick from it with a name, a run that was stopped, and a branch that was left. */
function story(): History<Design> {
  const first = FIRST_EXAMPLE.design()
  let history = createHistory(first, 'Grow from benzene', 1_000)
  history = commit(history, setSettings(first, { seed: 11 }), 'Seed: 11', { at: 2_000 })
  const filed = fileGeneration(
    history,
    history.current,
    { value: setSettings(first, { seed: 11 }), label: 'Generate', at: 3_000, generation: { candidates: [candidate], model: 'abc', reproducible: true } },
    false,
  )
  history = commit(filed.history, acceptCandidate(first, candidate), 'Use candidate 1', { at: 4_000, origin: { kind: 'pick', candidate: 0 } })
  history = nameNode(history, history.current, 'the good one')
  const stop = { candidates: [{ ...candidate, valid: false, smiles: null, reason: 'stopped at step 9 of 64', steps: 9 }], model: null, reproducible: false, stoppedAt: 9 }
  history = fileGeneration(history, 1, { value: setSettings(first, { seed: 11 }), label: 'Generate', at: 4_500, generation: stop }, true).history
  history = jump(history, 1)
  history = commit(history, setSettings(first, { seed: 12 }), 'Seed: 12', { at: 5_000 })
  return undo(history)
}

/** What the service would hand back. */
function sent(history: History<Design>, known: ReadonlyMap<number, string> = new Map()) {
  const names = nameNodes(history, known)
  const nodes = [...history.nodes.keys()].map((id) => ({ candidates: [], model: null, reproducible: true, chosen: null, ...toNewNode(history, id, names) }))
  return JSON.parse(JSON.stringify({
    format: 'gpff-saved-design', version: 1, name: 'A tale', tags: ['one'], created: '2026-01-01T00:00:00Z', thumbnail: null,
    state: toState(history, names), nodes,
  })) as { nodes: { payload: unknown; parent: string | null; chosen: number | null }[]; state: { current: string } }
}

describe('a document on the service', () => {
  it('comes back as it was sent, node by node', () => {
    const history = story()
    const { opened, names } = fromSaved(sent(history))
    expect(opened.title).toBe('A tale')
    expect(opened.history).toEqual(history)
    expect(names.get(0)).toBe('n0')
  })

  it('writes a scaffold once for all the edits that share it, and shares it again', () => {
    const file = sent(story())
    expect(file.nodes[1].payload).toMatchObject({ scaffold: 'inherited' })
    const { opened } = fromSaved(file)
    expect(opened.history.nodes.get(1)?.value.scaffold).toBe(opened.history.nodes.get(0)?.value.scaffold)
  })

  it('keeps names that nodes were given elsewhere, and gives no name twice', () => {
    const names = nameNodes(story(), new Map([[0, 'n1'], [2, 'other']]))
    expect(names.get(0)).toBe('n1')
    expect(names.get(1)).toBe('n1.2')
    expect(names.get(2)).toBe('other')
  })

  it.each([
    ['a pick of nothing', (f: ReturnType<typeof sent>) => { f.nodes[3].chosen = 7 }, /candidate of the node above/],
    ['a parent that comes later', (f: ReturnType<typeof sent>) => { f.nodes[1].parent = 'n4' }, /earlier node/],
    ['a node of another program', (f: ReturnType<typeof sent>) => { f.nodes[1].payload = null }, /this page has made/],
    ['a place that is not there', (f: ReturnType<typeof sent>) => { f.state.current = 'x' }, /one of the nodes/],
  ])('refuses %s', (_, spoil, message) => {
    const file = sent(story())
    spoil(file)
    expect(() => fromSaved(file)).toThrow(message)
  })
})

it('makes edits after handing over nodes of their own', () => {
  const first = FIRST_EXAMPLE.design()
  const typed = commit(createHistory(first, 'a', 0), setSettings(first, { seed: 1 }), 'Seed: 1', { mergeKey: 'seed', at: 100 })
  const merged = commit(typed, setSettings(first, { seed: 12 }), 'Seed: 12', { mergeKey: 'seed', at: 200 })
  expect(merged.nodes.size).toBe(2)
  const apart = commit(seal(typed), setSettings(first, { seed: 12 }), 'Seed: 12', { mergeKey: 'seed', at: 200 })
  expect(apart.nodes.size).toBe(3)
})

it('keeps charges in an archive', () => {
  const first = FIRST_EXAMPLE.design()
  if (first.scaffold === null) throw new Error('no scaffold')
  const charged: Design = { ...first, scaffold: { ...first.scaffold, charges: first.scaffold.numbers.map((_, i) => (i === 2 ? -1 : 0)) } }
  const opened = { title: '', tags: [], history: createHistory(charged, 'a', 0) }
  expect(fromArchive(JSON.parse(JSON.stringify(toArchive(opened))))).toEqual(opened)
})
