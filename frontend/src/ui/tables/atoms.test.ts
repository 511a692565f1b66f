import { expect, it } from 'vitest'
import { atomRows } from './atoms'

it('names atoms by element and number, and what they are bound to', () => {
  const rows = atomRows({
    numbers: [6, 8, 1, 1, 7],
    positions: [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 2, 0], [3, 3, 3]],
    bonds: [[0, 3, 1], [0, 1, 2], [2, 0, 1]],
  })
  expect(rows.map((r) => r.name)).toEqual(['C1', 'O2', 'H3', 'H4', 'N5'])
  expect(rows[0].bonds).toBe('=O2 H3 H4')
  expect(rows[1].bonds).toBe('=C1')
  expect(rows[4]).toMatchObject({ bonds: '', position: [3, 3, 3] })
})
