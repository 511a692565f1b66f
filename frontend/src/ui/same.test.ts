import { expect, it } from 'vitest'
import { countDifferent, firstOfSame } from './same'

const of = (...smiles: (string | null)[]) => smiles.map((s) => ({ smiles: s, valid: s !== null }))

it('points every repeated molecule to the first of its kind', () => {
  expect(firstOfSame(of('CO', 'CC', 'CO', null, 'CO', null))).toEqual([null, null, 0, null, 0, null])
})

it('counts different molecules, and none that is not valid', () => {
  expect(countDifferent(of('CO', 'CC', 'CO', null))).toBe(2)
  expect(countDifferent(of(null, null))).toBe(0)
})
