import { describe, expect, it } from 'vitest'
import { FIRST_EXAMPLE, newDesign } from '../../document/examples'
import { createHistory } from '../../document/history'
import type { Design } from '../../document/types'
import { tagsFrom, titleOf } from './naming'

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
