import { describe, expect, it } from 'vitest'
import { setSettings } from './design'
import { FIRST_EXAMPLE } from './examples'
import { commit, createHistory, nameNode } from './history'
import { calledIn, isSaved, remoteFromJson, remoteToJson, unsaved, type Remote } from './remote'
import { nameNodes } from './saved'

const first = FIRST_EXAMPLE.design()
const history = commit(createHistory(first, 'a', 0), setSettings(first, { seed: 1 }), 'b', { at: 1 })
const title = { title: 'A', tags: ['x'] }
const remote: Remote = { id: 'r', revision: 3, share: null, ...title, names: nameNodes(history, new Map()), called: calledIn(history) }

describe('what the service does not know yet', () => {
  it('is everything of a document that it has never seen', () => {
    expect(unsaved(null, history, title)).toEqual({ nodes: [0, 1], called: new Map(), title: true })
    expect(isSaved(null, history, title)).toBe(false)
  })

  it('is nothing right after saving', () => {
    expect(isSaved(remote, history, title)).toBe(true)
  })

  it('is what came since: nodes, what they are called, the title and its tags', () => {
    const more = nameNode(commit(history, setSettings(first, { seed: 2 }), 'c', { at: 2 }), 0, 'start')
    expect(unsaved(remote, more, title)).toEqual({ nodes: [2], called: new Map([[0, 'start']]), title: false })
    expect(isSaved(remote, history, { title: 'B', tags: ['x'] })).toBe(false)
    expect(isSaved(remote, history, { title: 'A', tags: ['y'] })).toBe(false)
    expect(isSaved(remote, nameNode(history, 1, 'good'), title)).toBe(false)
  })
})

it('survives the browser’s database', () => {
  expect(remoteFromJson(JSON.parse(JSON.stringify(remoteToJson(remote))))).toEqual(remote)
  expect(() => remoteFromJson({ id: 3 })).toThrow(/remote.id/)
})
