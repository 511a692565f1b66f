import { describe, expect, it } from 'vitest'
import { freeDirections } from '../chemistry/hydrogens'
import { compositionOf, formatFormula } from '../chemistry/formula'
import { dot, type Vec3 } from '../geometry/vec3'
import { addAtom, changeElement, deleteAtoms, fitHydrogens, flawAdvice, moveAtoms, setBond, setFree, valenceFlaws } from './edit'
import { FIRST_EXAMPLE } from './examples'
import { looseAtoms, openScaffold, toSpec } from './spec'
import { steeredBlobs } from './steering'
import type { Design, Scaffold } from './types'

/** Benzene with a blob where hydrogen 6 was. */
const benzene = FIRST_EXAMPLE.design()
const plain: Design = { ...benzene, blobs: [] }
const formulaOf = ({ scaffold }: Design): string => formatFormula(compositionOf(scaffold?.numbers ?? []))
const flaws = (design: Design): string[] => (design.scaffold === null ? [] : valenceFlaws(design.scaffold)).map((f) => f.words)
const methyl: Scaffold = { numbers: [6], positions: [[1, 2, 3]], bonds: [], smiles: null }
const methane = fitHydrogens({ ...plain, scaffold: { numbers: [6], positions: [[1, 2, 3]], bonds: [], smiles: null } })

function angles(directions: readonly Vec3[]): number[] {
  return directions.flatMap((a, i) => directions.slice(i + 1).map((b) => (Math.acos(dot(a, b)) * 180) / Math.PI))
}

describe('hydrogens by hand', () => {
  it('stand as a tetrahedron about a bare carbon', () => {
    expect(formulaOf(methane)).toBe('CH4')
    const directions = freeDirections({ numbers: [6], positions: [[0, 0, 0]], bonds: [] }, 0, 4)
    for (const angle of angles(directions)) expect(angle).toBeCloseTo(109.47, 0)
  })

  it('lie in the plane of a double bond, and in line with a triple one', () => {
    const ethene = { numbers: [6, 6, 1, 1], positions: [[0, 0, 0], [1.33, 0, 0], [1.9, 0.93, 0], [1.9, -0.93, 0]] as Vec3[], bonds: [[0, 1, 2], [1, 2, 1], [1, 3, 1]] as [number, number, number][] }
    const flat = freeDirections(ethene, 0, 2)
    for (const d of flat) expect(Math.abs(d[2])).toBeLessThan(1e-6)
    expect(angles(flat)[0]).toBeCloseTo(120, 3)
    const [straight] = freeDirections({ numbers: [6, 7], positions: [[0, 0, 0], [1.15, 0, 0]], bonds: [[0, 1, 3]] }, 0, 1)
    expect(straight[0]).toBeCloseTo(-1, 2)
  })

  it('leave room for lone pairs', () => {
    const water = freeDirections({ numbers: [8], positions: [[0, 0, 0]], bonds: [] }, 0, 2)
    expect(angles(water)[0]).toBeCloseTo(109.47, 0)
  })

  it('count charges: ammonium has four', () => {
    const scaffold: Scaffold = { numbers: [7], positions: [[0, 0, 0]], bonds: [], smiles: null, charges: [1] }
    const ammonium = fitHydrogens({ ...plain, scaffold })
    expect(formulaOf(ammonium)).toBe('H4N')
    expect(ammonium.scaffold?.charges).toEqual([1, 0, 0, 0, 0])
  })
})

describe('editing atoms', () => {
  it('deletes a heavy atom with its hydrogens and fills the gap', () => {
    const cut = deleteAtoms(plain, [0])
    expect(formulaOf(cut)).toBe('C5H8')
    expect(flaws(cut)).toEqual([])
    expect(cut.scaffold?.smiles).toBeNull()
  })

  it('leaves an open bond where a hydrogen was deleted, says so, and fills it on demand', () => {
    const radical = deleteAtoms(plain, [7])
    expect(flaws(radical)).toEqual(['C2 lacks one bond'])
    expect(formulaOf(fitHydrogens(radical))).toBe('C6H6')
  })

  it('says of an atom with too many bonds whether hydrogens can put it right', () => {
    const toluene = addAtom(plain, 1, 6)?.design ?? plain
    const pyridinium = changeElement(toluene, [1], 7)
    expect(valenceFlaws(pyridinium.scaffold ?? methyl).map(({ fits, words }) => [fits, words])).toEqual([
      [false, 'N2 has one bond too many'],
    ])
    expect(flawAdvice(valenceFlaws(pyridinium.scaffold ?? methyl))).toBe(' Part a bond, or make it another element.')
    expect(flawAdvice(valenceFlaws(methyl))).toBe('')
    expect(valenceFlaws(methyl)).toMatchObject([{ fits: true, words: 'C1 lacks 4 bonds' }])
    const crowded: Scaffold = { ...methyl, numbers: [8, 1, 1, 1], positions: [0, 1, 2, 3].map((x) => [x, 0, 0]), bonds: [[0, 1, 1], [0, 2, 1], [0, 3, 1]] }
    expect(valenceFlaws(crowded)).toMatchObject([{ fits: true, words: 'O1 has one bond too many' }])
  })

  it('changes an element with its hydrogens: phenol, pyridine, fluorobenzene', () => {
    expect(formulaOf(changeElement(plain, [7], 8))).toBe('C6H6O')
    expect(formulaOf(changeElement(plain, [1], 7))).toBe('C5H5N')
    const fluoro = changeElement(plain, [7], 9)
    expect(formulaOf(fluoro)).toBe('C6H5F')
    const [a, b] = [fluoro.scaffold?.positions[1] ?? [0, 0, 0], fluoro.scaffold?.positions[7] ?? [0, 0, 0]]
    expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeCloseTo(0.76 + 0.57)
    expect(changeElement(plain, [1], 6)).toBe(plain)
  })

  it('adds an atom in place of a hydrogen, or on an open bond, or not at all', () => {
    const toluene = addAtom(plain, 1, 6)
    expect(formulaOf(toluene?.design ?? plain)).toBe('C7H8')
    expect(flaws(toluene?.design ?? plain)).toEqual([])
    const open = addAtom(deleteAtoms(plain, [7]), 1, 8)
    expect(formulaOf(open?.design ?? plain)).toBe('C6H6O')
    expect(addAtom(fitHydrogens(changeElement(plain, [1], 7)), 1, 6)).toBeNull()
  })

  it('sets bonds with their hydrogens', () => {
    const saturated = setBond(plain, 0, 1, 1)
    expect(formulaOf(saturated)).toBe('C6H8')
    expect(formulaOf(setBond(saturated, 0, 1, 2))).toBe('C6H6')
    expect(formulaOf(setBond(plain, 0, 3, 1))).toBe('C6H4')
    expect(setBond(plain, 0, 1, 2)).toBe(plain)
  })

  it('keeps blobs on their sites, whatever is deleted before them', () => {
    const cut = deleteAtoms(benzene, [3])
    const { site } = cut.blobs[0]
    expect(cut.scaffold?.positions[site ?? 0]).toEqual(benzene.scaffold?.positions[6])
    expect(deleteAtoms(benzene, [6]).blobs[0].site).toBeNull()
    expect(deleteAtoms(benzene, [...Array(12).keys()]).scaffold).toBeNull()
  })

  it('moves atoms, and the blob on the hydrogen that moves', () => {
    const all = [...Array(12).keys()]
    const moved = moveAtoms(benzene, all, [0, 0, 2])
    expect(moved.blobs[0].center[2]).toBeCloseTo(2)
    expect(moveAtoms(plain, [3], [1, 0, 0]).scaffold?.positions[4]).toBe(plain.scaffold?.positions[4])
  })
})

describe('freed atoms', () => {
  const freed = setFree(benzene, [2, 8], true)

  it('begin where they are, as a blob of their own after the others', () => {
    const spec = toSpec(freed)
    expect(spec.blobs).toHaveLength(2)
    expect(spec.blobs?.[1]).toEqual({ numbers: [6, 1], positions: [freed.scaffold?.positions[2], freed.scaffold?.positions[8]], placed: false })
    expect(spec.scaffold?.numbers).toHaveLength(9)
    expect(spec.scaffold?.attach).toEqual([0])
    expect(openScaffold(freed)?.bonds.every(([i, j]) => i < 9 && j < 9)).toBe(true)
    expect(steeredBlobs(freed)[1]).toEqual({})
  })

  it('are frozen again without a trace', () => {
    expect(setFree(freed, [2, 8], false).scaffold).toEqual(benzene.scaffold)
    expect(looseAtoms(benzene)).toBeNull()
    expect(setFree(freed, [2], true)).toBe(freed)
  })

  it('may be all of them', () => {
    const all = setFree(benzene, [...Array(12).keys()], true)
    expect(openScaffold(all)).toBeNull()
    expect(toSpec(all)).toMatchObject({ scaffold: null, blobs: [{}, { numbers: { length: 11 } }] })
  })

  it('keep their numbers when others go', () => {
    const cut = deleteAtoms(freed, [5])
    expect(cut.scaffold?.free?.map((i) => cut.scaffold?.positions[i])).toEqual([freed.scaffold?.positions[2], freed.scaffold?.positions[8]])
  })
})
