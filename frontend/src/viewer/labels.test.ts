import { describe, expect, it } from 'vitest'
import { readable, type Label } from './labels'

const label = (text: string, x: number, y: number, depth = 0, font = 10): Label => ({ text, x, y, depth, font, hydrogen: text.startsWith('H') })
const texts = (labels: Label[]) => readable(labels).map((l) => l.text)

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

  it('touch as they would if each were held against each, among a thousand, above and left of the picture too', () => {
    const many = Array.from({ length: 1000 }, (_, k) => label(`${k % 2 === 0 ? 'C' : 'H'}${k}`, (k * 137) % 400 - 50, (k * 91) % 300 - 50, k % 7, 10 + (k % 8)))
    const near = (a: Label, b: Label) => {
      const font = Math.min(a.font, b.font)
      return Math.abs(a.y - b.y) < 0.8 * font && Math.abs(a.x - b.x) < 0.31 * font * (a.text.length + b.text.length)
    }
    const kept: Label[] = []
    for (const one of [...many].sort((a, b) => Number(a.hydrogen) - Number(b.hydrogen) || a.depth - b.depth)) {
      if (!kept.some((other) => near(one, other))) kept.push(one)
    }
    expect(new Set(texts(many))).toEqual(new Set(kept.map((l) => l.text)))
  })
})
