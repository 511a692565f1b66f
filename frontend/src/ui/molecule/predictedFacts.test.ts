import { expect, it } from 'vitest'
import type { Predicted } from '../../service/predictions'
import { gapInShort, predictedFacts } from './predictedFacts'

const found: Predicted = {
  gap_ev: 6.7312, atomisation_energy_ev: 57.218, beyond_training: false, reason: null,
  model: {
    name: 'properties', hash: 'abc', test_mae: { gap_ev: 0.083, atomisation_energy_ev: 0.131 },
    trained_on: { data: 'QM9', level: 'B3LYP/6-31G(2df,p)', elements: [1, 6, 7, 8, 9], max_heavy_atoms: 9 },
  },
}

it('gives every number the error that the service says the model has', () => {
  const { facts, note } = predictedFacts(found)
  expect(facts.map(({ value, error }) => `${value} ± ${error}`)).toEqual(['6.73 ± 0.08', '57.2 ± 0.1'])
  expect(note).toBeNull()
  expect(gapInShort(found)).toBe('gap 6.73 eV')
})

it('claims no error for a molecule larger than any that the model has seen', () => {
  const { facts, note } = predictedFacts({ ...found, beyond_training: true })
  expect(facts.map(({ error }) => error)).toEqual([null, null])
  expect(note).toContain('9 heavy atoms')
})

it('says why there is no prediction', () => {
  const without = { ...found, gap_ev: null, atomisation_energy_ev: null, reason: 'the model was trained on H, C, N, O, F, not on Cl' }
  expect(predictedFacts(without)).toMatchObject({ facts: [], note: 'None: the model was trained on H, C, N, O, F, not on Cl.' })
  expect(gapInShort(without)).toBeNull()
})
