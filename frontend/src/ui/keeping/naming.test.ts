import { describe, expect, it } from 'vitest'
import { FIRST_EXAMPLE, newDesign } from '../../document/examples'
import { createHistory } from '../../document/history'
import type { Design } from '../../document/types'
import { isFoundBy, tagsFrom, titleOf, wordsOf } from './naming'

const named = (design: Design, title = '') => titleOf({ title, tags: [], history: createHistory(design, 'a', 0) })

describe('a document without a title', () => {
  it('is called by its molecule and what shall grow on it', () => {
    expect(named(FIRST_EXAMPLE.design())).toBe('C6H6 with CHO2')
    expect(named({ ...FIRST_EXAMPLE.design(), blobs: [] })).toBe('C6H6')
    expect(named(newDesign())).toBe('C2H4O')
    expect(named({ ...newDesign(), blobs: [] })).toBe('Empty design')
  })

  it('is called what somebody calls it, once they do', () => {
    expect(named(newDesign(), ' Aspirin ')).toBe('Aspirin')
  })
})

it('reads tags between commas, each once', () => {
  expect(tagsFrom(' a, b b,,a, ')).toEqual(['a', 'b b'])
})

describe('a document in this browser', () => {
  const opened = { title: 'First try', tags: ['Solvent'], history: createHistory(FIRST_EXAMPLE.design(), 'a', 0) }
  const entry = { title: titleOf(opened), words: wordsOf(opened) }

  it.each([' first', 'solv', 'c6h6'])('is found by %s', (text) => {
    expect(isFoundBy(text, entry)).toBe(true)
  })

  it('is not found by what it has not; one that an earlier page kept is found by its title', () => {
    expect(isFoundBy('aspirin', entry)).toBe(false)
    expect(isFoundBy('try', { title: 'First try' })).toBe(true)
    expect(isFoundBy('solvent', { title: 'First try' })).toBe(false)
  })
})
