import { describe, expect, it } from 'vitest'
import type { PropertiesResult } from '../../service/molecule_types'
import { COMING, smilesIn } from './smiles'

const of = (smiles: string) => ({ smiles }) as PropertiesResult

describe('the SMILES that panels show', () => {
  it('is the own one, whatever the service says', () => {
    expect(smilesIn({ smiles: 'CC=O' }, { state: 'known', answer: of('O=CC') })).toBe('CC=O')
  })

  it('comes with the properties after an edit by hand, and is never one of a molecule before', () => {
    expect(smilesIn({ smiles: null }, { state: 'known', answer: of('CCO') })).toBe('CCO')
    expect(smilesIn({ smiles: null }, { state: 'asked', last: of('CC') })).toBe(COMING)
    expect(smilesIn({ smiles: null }, { state: 'failed', why: 'no' })).toBeNull()
  })
})
