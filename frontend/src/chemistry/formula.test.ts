import { describe, expect, it } from 'vitest'
import { atomCount, compositionOf, formatFormula, parseFormula, valenceProblem, withCount } from './formula'

function composition(text: string) {
  const parsed = parseFormula(text)
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.composition
}

function reason(text: string): string {
  const parsed = parseFormula(text)
  return parsed.ok ? '' : parsed.reason
}

describe('parseFormula', () => {
  it('counts repeated elements, single atoms and subscripts', () => {
    expect([...composition('CH3CH2OH')]).toEqual([[6, 2], [1, 6], [8, 1]])
    expect(formatFormula(composition('C₇H₈O₂'))).toBe('C7H8O2')
    expect(atomCount(composition(' C7 H8 O2 '))).toBe(17)
  })

  it('writes Hill order whatever the order typed', () => {
    expect(formatFormula(composition('O2H8NFC7'))).toBe('C7H8FNO2')
  })

  it.each([
    ['', 'for example'],
    ['Cl2', 'Cl is not one of'],
    ['c6h6', 'capital: C, not c'],
    ['6C', 'number follows'],
    ['C6-H5', '“-”'],
    ['C0', 'leave it out'],
    ['C2000H4002', 'limit is 4096'],
  ])('says why %j cannot be read', (text, part) => {
    expect(reason(text)).toContain(part)
  })
})

describe('valenceProblem', () => {
  it.each([
    ['C7H8O2', 0],
    ['CH4', 0],
    ['C6H6', 0],
    ['C2H4O', 0],
    ['C6H5O', 1],
    ['CHO2', 1],
    ['CH3', 1],
    ['HF', 0],
    ['C5H5N', 0],
  ])('accepts %s with %i open bonds', (text, open) => {
    expect(valenceProblem(composition(text), open)).toBeNull()
  })

  it('names the parity error and the surplus of hydrogens', () => {
    expect(valenceProblem(composition('C6H5O'), 0)).toContain('needs one more H')
    expect(valenceProblem(composition('C7H8O2'), 1)).toContain('needs one more H')
    expect(valenceProblem(composition('CH6'), 0)).toBe('needs 2 H fewer')
    expect(valenceProblem(composition('CH5'), 0)).toBe('needs one H fewer')
  })

  it('adding the hydrogen that it asks for mends it', () => {
    const broken = composition('C3H6NO')
    expect(valenceProblem(broken, 0)).not.toBeNull()
    expect(valenceProblem(withCount(broken, 1, 1), 0)).toBeNull()
  })
})

describe('withCount', () => {
  it('never goes below none', () => {
    expect(withCount(compositionOf([6]), 6, -3).size).toBe(0)
  })
})
