import { describe, expect, it } from 'vitest'
import { readable, type Label } from './labels'

const label = (text: string, x: number, y: number, depth = 0): Label => ({ text, x, y, depth, hydrogen: text.startsWith('H') })
const texts = (labels: Label[]) => readable(labels, () => 10).map((l) => l.text)

describe('labels of atoms', () => {
  it('all stay where there is room, the farthest first', () => {
    expect(texts([label('C1', 0, 0, 1), label('C2', 30, 0, 3), label('H3', 0, 12, 2)])).toEqual(['C2', 'H3', 'C1'])
  })

  it('give way to a nearer one that they would lie upon', () => {
    expect(texts([label('C1', 0, 0, 9), label('N2', 4, 3, 1)])).toEqual(['N2'])
  })

  it('of hydrogens give way to those of heavy atoms, near or far', () => {
    expect(texts([label('H1', 0, 0, 1), label('C2', 5, 0, 9)])).toEqual(['C2'])
  })

  it('need more room the longer they are', () => {
    expect(texts([label('C', 0, 0), label('C', 8, 0)])).toHaveLength(2)
    expect(texts([label('C10', 0, 0), label('C11', 8, 0)])).toHaveLength(1)
  })
})
