import { expect, it } from 'vitest'
import { contacts } from './contacts'
import type { Drawing } from './drawn'

/** An oxygen bonded to two carbons, a third 1.7 Å away, a fourth 2.4 Å away, and another molecule's carbon beside it. */
const drawing: Drawing = {
  looks: [8, 6, 6, 6, 6, 6].map((number) => ({ number, symbol: '', radius: 0.4, stick: 0.1, color: '#000000' })),
  positions: Float32Array.of(0, 0, 0, 1.4, 0, 0, -1.4, 0, 0, 0, 1.7, 0, 0, -2.4, 0, 0, 0, 1.4),
  bonds: [{ i: 0, j: 1, order: 1, radius: 0.1 }, { i: 2, j: 0, order: 1, radius: 0.1 }],
  origin: [0, 1, 2, 3, 4].map((atom) => ({ molecule: 0, atom })).concat([{ molecule: 1, atom: 0 }]),
}

it('finds what counts as bonded and is not drawn so', () => {
  const [only, ...rest] = contacts(drawing, 0)
  expect(rest).toEqual([])
  expect(only.other).toBe(3)
  expect(only.distance).toBeCloseTo(1.7, 5)
})

it('finds nothing about an atom that has only its bonds', () => {
  expect(contacts(drawing, 4)).toEqual([])
})
