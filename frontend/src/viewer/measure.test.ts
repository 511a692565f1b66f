import { expect, it } from 'vitest'
import { angle, dihedral, measure } from './measure'

it('measures distances, angles and dihedrals', () => {
  expect(measure([[0, 0, 0], [0, 3, 4]])).toBe('5.000 Å')
  expect(angle([1, 0, 0], [0, 0, 0], [0, 2, 0])).toBeCloseTo(90, 10)
  expect(measure([[1, 0, 0], [0, 0, 0], [-1, 0, 0]])).toBe('180.0°')
  expect(measure([[0, 0, 0]])).toBeNull()
})

it('gives dihedrals their sign', () => {
  const [b, c] = [[0, 0, 0], [0, 0, 1]] as const
  expect(dihedral([1, 0, 0], b, c, [1, 0, 1])).toBeCloseTo(0, 10)
  expect(Math.abs(dihedral([1, 0, 0], b, c, [-1, 0, 1]))).toBeCloseTo(180, 10)
  const right = dihedral([1, 0, 0], b, c, [0, 1, 1])
  expect(right).toBeCloseTo(90, 10)
  expect(dihedral([1, 0, 0], b, c, [0, -1, 1])).toBeCloseTo(-right, 10)
})
