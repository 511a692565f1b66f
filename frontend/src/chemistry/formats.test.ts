import { describe, expect, it } from 'vitest'
import { movingExtXyz, movingPdb, toExtXyz, toPdb, type Moving } from './formats'
import { toMol, type Named } from './writers'

const FORMALDEHYDE: Named = {
  name: 'C=O',
  numbers: [6, 8, 1, 1],
  positions: [[0, 0, 0], [1.2, 0, 0], [-0.55, 0.94, 0], [-0.55, -0.94, -123.4567]],
  bonds: [[0, 1, 2], [0, 2, 1], [0, 3, 1]],
}
const AMMONIUM: Named = { name: 'N+', numbers: [7], positions: [[0, 0, 0]], bonds: [], charges: [1] }

describe('extended XYZ', () => {
  it('has a count, a comment of keys and one row for each atom', () => {
    const lines = toExtXyz([FORMALDEHYDE]).split('\n')
    expect(lines[0]).toBe('4')
    expect(lines[1]).toBe('Properties=species:S:1:pos:R:3 name="C=O" pbc="F F F"')
    expect(lines[5]).toBe('H     -0.550000    -0.940000  -123.456700')
    expect(lines).toHaveLength(7)
  })

  it('has a column of charges only where there are any', () => {
    expect(toExtXyz([AMMONIUM])).toContain('formal_charge:I:1 charge=1')
    expect(toExtXyz([AMMONIUM])).toMatch(/0\.000000 {2}1\n$/)
  })

  it('keeps quotation marks in a name from ending it', () => {
    expect(toExtXyz([{ ...AMMONIUM, name: 'a "b"\nc' }])).toContain('name="a \\"b\\" c"')
  })
})

describe('PDB', () => {
  it('keeps to its columns and names a double bond twice', () => {
    const lines = toPdb([FORMALDEHYDE]).split('\n')
    const [, carbon] = lines
    expect(carbon).toHaveLength(80)
    expect(carbon.slice(30, 54)).toBe('   0.000   0.000   0.000')
    expect(carbon.slice(76, 78)).toBe(' C')
    expect(lines).toContain('CONECT    1    2    2    3    4')
    expect(lines).toContain('CONECT    2    1    1')
    expect(lines.at(-2)).toBe('END')
  })

  it('makes one model of each of several molecules', () => {
    expect(toPdb([FORMALDEHYDE, AMMONIUM]).match(/^MODEL/gm)).toHaveLength(2)
    expect(toPdb([AMMONIUM])).toContain(' N1+')
  })

  it('refuses what its columns cannot hold', () => {
    expect(() => toPdb([{ ...AMMONIUM, positions: [[-1234.5, 0, 0]] }])).toThrow(/-1235|-1234/)
  })
})

describe('trajectories', () => {
  const moving: Moving = {
    numbers: [8, 1, 6],
    ptr: [0, 2, 3],
    bonds: [[0, 1, 1]],
    frames: [{ step: 0, positions: [0, 0, 0, 1, 0, 0, 5, 5, 5] }, { step: 8, positions: Float32Array.from([0, 0, 0, 0.96, 0, 0, 5, 5, 5]) }],
  }

  it('are one block for each molecule of each frame as extended XYZ', () => {
    const text = movingExtXyz(moving)
    expect(text.match(/^\d+$/gm)).toEqual(['2', '1', '2', '1'])
    expect(text).toContain('frame=1 molecule=1 step=8')
    expect(text).toContain('H      0.960000     0.000000     0.000000')
  })

  it('are one model for each frame as PDB', () => {
    const text = movingPdb(moving)
    expect(text.match(/^MODEL/gm)).toHaveLength(2)
    expect(text.match(/^HETATM/gm)).toHaveLength(6)
    expect(text).toContain('LIG B   2')
    // With the first model: RDKit does not find them after the last.
    expect(text.slice(0, text.indexOf('ENDMDL')).match(/^CONECT/gm)).toHaveLength(2)
    expect(text.match(/^CONECT/gm)).toHaveLength(2)
  })
})

describe('MOL', () => {
  it('says which atoms are charged', () => {
    expect(toMol(AMMONIUM)).toContain('M  CHG  1   1   1\n')
    expect(toMol(FORMALDEHYDE)).not.toContain('M  CHG')
  })
})
