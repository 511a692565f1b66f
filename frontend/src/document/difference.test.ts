import { describe, expect, it } from 'vitest'
import { compositionOf } from '../chemistry/formula'
import { fromAxisAngle } from '../geometry/quat'
import { addBlob, setContent, setSettings, updateBlob } from './design'
import { differences, formulaChange, matchAtoms } from './difference'
import { FIRST_EXAMPLE } from './examples'
import type { Scaffold } from './types'

const base = FIRST_EXAMPLE.design()
const [blob] = base.blobs
const about = (what: string, list: ReturnType<typeof differences>) => list.find((d) => d.what === what)

describe('differences', () => {
  it('of a design and itself are none', () => {
    expect(differences(base, base)).toEqual([])
    expect(differences(base, { ...base, settings: { ...base.settings } })).toEqual([])
  })

  it('tell each change of a blob', () => {
    const other = updateBlob(setContent(base, blob.id, { kind: 'random', heavyAtoms: 3 }), blob.id, {
      center: [blob.center[0] + 3, blob.center[1] + 4, blob.center[2]],
      rotation: fromAxisAngle([0, 0, 1], Math.PI / 2),
      strictness: 4,
    })
    const found = differences(base, other)
    expect(about('Blob 1', found)).toEqual({ what: 'Blob 1', before: 'CHO2', after: '3 random' })
    expect(about('Blob 1 moved', found)?.after).toBe('5.00 Å')
    expect(about('Blob 1 turned', found)?.after).toBe('90°')
    expect(about('Blob 1 strictness', found)).toMatchObject({ before: '1', after: '4' })
  })

  it('tell a blob that is new, and settings', () => {
    const added = setSettings(addBlob(base, { kind: 'formula', text: 'CH4' }, [0, 0, 0]).design, { seed: 9, sampler: 'dd' })
    expect(differences(base, added)).toEqual([
      { what: 'Blob 2', before: null, after: 'CH4' },
      { what: 'Sampler', before: 'SDD', after: 'DD' },
      { what: 'Seed', before: '7', after: '9' },
    ])
    expect(differences(added, base)[0]).toEqual({ what: 'Blob 2', before: 'CH4', after: null })
  })

  it('tell a scaffold that has come', () => {
    const found = differences({ ...base, scaffold: null, blobs: [] }, { ...base, blobs: [] })
    expect(found).toEqual([
      { what: 'Formula', before: null, after: 'C6H6' },
      { what: 'SMILES', before: null, after: 'c1ccccc1' },
    ])
  })
})

describe('atoms', () => {
  const a: Scaffold = { numbers: [6, 1, 1], positions: [[0, 0, 0], [1, 0, 0], [0, 1, 0]], bonds: [], smiles: null }

  it('are paired by place and element', () => {
    const b: Scaffold = { ...a, numbers: [1, 6, 8], positions: [[1.1, 0, 0], [0, 0, 0], [0, 1, 0]] }
    expect(matchAtoms(a, b)).toEqual({ kept: 1, moved: 1, gone: 1, added: 1 })
    expect(matchAtoms(a, a)).toEqual({ kept: 3, moved: 0, gone: 0, added: 0 })
  })

  it('of one formula are all there still: those that are elsewhere have moved', () => {
    const b: Scaffold = { ...a, positions: [[0, 0, 0], [1.2, 0, 0], [0, -3, 0]] }
    const found = differences({ ...base, scaffold: a, blobs: [] }, { ...base, scaffold: b, blobs: [] })
    expect(about('Moved', found)?.after).toBe('2')
    expect(found.map((d) => d.what)).toEqual(['In the same place', 'Moved'])
    const other = { ...b, numbers: [6, 1, 9] }
    expect(differences({ ...base, scaffold: a, blobs: [] }, { ...base, scaffold: other, blobs: [] }).map((d) => d.what)).toContain('Gone')
  })

  it('are counted by formula', () => {
    expect(formulaChange(compositionOf([6, 1]), compositionOf([6, 6, 8, 8]))).toBe('+ CO2  − H')
    expect(formulaChange(compositionOf([6]), compositionOf([6]))).toBe('')
  })
})
