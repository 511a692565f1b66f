import { describe, expect, it } from 'vitest'
import type { MoleculeOut } from '../../service/molecule_types'
import { incoming, isDesignFile } from './records'

const WATER: MoleculeOut = {
  numbers: [8, 1, 1],
  positions: [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]],
  bonds: [[0, 1, 1], [0, 2, 1]],
  charges: [0, 0, 0],
  name: ' ',
  smiles: 'O',
  reason: null,
  added_hydrogens: 0,
  embedded: false,
}
const record = (molecule: MoleculeOut | null, error: string | null = null) => ({ index: 3, molecule, error })

describe('a record of a file', () => {
  it('becomes a scaffold with the very same coordinates', () => {
    const found = incoming(record(WATER))
    expect(found).toMatchObject({ ok: true, index: 3, title: 'O', notes: [] })
    expect(found.ok && found.scaffold.positions).toBe(WATER.positions)
    expect(found.ok && 'charges' in found.scaffold).toBe(false)
  })

  it('is refused with its reason when it cannot be read', () => {
    expect(incoming(record(null, 'line 4: no number'))).toEqual({ ok: false, index: 3, reason: 'line 4: no number' })
  })

  it('is refused when the model does not know an element, by its symbol', () => {
    const found = incoming(record({ ...WATER, numbers: [16, 1, 92] }))
    expect(found).toMatchObject({ ok: false, reason: 'S, element 92: the model knows C, H, N, O and F only.' })
  })

  it('keeps charges, and says what they mean', () => {
    const found = incoming(record({ ...WATER, charges: [1, 0, 0] }))
    expect(found.ok && found.scaffold.charges).toEqual([1, 0, 0])
    expect(found.ok && found.notes.join()).toContain('charged groups')
  })

  it('has bonds guessed where there are none, and says so', () => {
    const found = incoming(record({ ...WATER, bonds: null, smiles: null, reason: 'no bonds fit' }))
    expect(found.ok && found.scaffold.bonds).toHaveLength(2)
    expect(found.ok && found.notes).toEqual(['Its bonds are guessed: no bonds fit'])
  })

  it('says what was made up', () => {
    const found = incoming(record({ ...WATER, embedded: true, added_hydrogens: 2 }))
    expect(found.ok && found.notes).toEqual(['Its shape was made from its bonds, since the text had none.'])
    const added = incoming(record({ ...WATER, added_hydrogens: 1 }))
    expect(added.ok && added.notes).toEqual(['1 hydrogen was added.'])
  })
})

it('tells designs from molecules', () => {
  expect(isDesignFile('{"format":"gpff-design","version":1}')).toBe(true)
  expect(isDesignFile(' {"format": "gpff-saved-design"')).toBe(true)
  expect(isDesignFile('{"format":"other"}')).toBe(false)
  expect(isDesignFile('CCO')).toBe(false)
})
