import { describe, expect, it } from 'vitest'
import type { Vec3 } from '../geometry/vec3'
import { toSdf, toXyz } from './writers'

const formaldehyde = {
  name: 'formaldehyde',
  numbers: [6, 8, 1, 1],
  positions: [[0, 0, 0], [1.2051234, 0, 0], [-0.59, 0.93, 0], [-0.59, -12.93, 0]] as Vec3[],
  bonds: [[0, 1, 2], [0, 2, 1], [0, 3, 1]] as [number, number, number][],
}

describe('toSdf', () => {
  const lines = toSdf([formaldehyde]).split('\n')

  it('has the fixed columns that readers slice by', () => {
    expect(lines[3]).toBe('  4  3  0  0  0  0  0  0  0  0999 V2000')
    expect(lines[5]).toBe('    1.2051    0.0000    0.0000 O   0  0  0  0  0  0  0  0  0  0  0  0')
    expect(lines[7].slice(10, 20)).toBe('  -12.9300')
    expect(lines[8]).toBe('  1  2  2  0')
  })

  it('ends every molecule, and holds several', () => {
    expect(lines.slice(-4, -1)).toEqual(['  1  4  1  0', 'M  END', '$$$$'])
    expect(toSdf([formaldehyde, formaldehyde]).match(/\$\$\$\$/g)).toHaveLength(2)
  })

  it('keeps a name on one line', () => {
    expect(toSdf([{ ...formaldehyde, name: 'a\nb' }]).split('\n')[0]).toBe('a b')
  })

  it('refuses what the format cannot hold', () => {
    const numbers = Array.from({ length: 1000 }, () => 1)
    const positions = numbers.map((_, i): Vec3 => [i, 0, 0])
    expect(() => toSdf([{ name: 'big', numbers, positions, bonds: [] }])).toThrow(/999/)
  })
})

describe('toXyz', () => {
  it('writes the count, the name and six decimals', () => {
    expect(toXyz([formaldehyde]).split('\n').slice(0, 4)).toEqual([
      '4',
      'formaldehyde',
      'C      0.000000     0.000000     0.000000',
      'O      1.205123     0.000000     0.000000',
    ])
  })
})
