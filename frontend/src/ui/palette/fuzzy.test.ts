import { describe, expect, it } from 'vitest'
import { fuzzy, search } from './fuzzy'

const titles = ['Generate 4 candidates', 'Generate again with a new seed', 'Export as SDF', 'Export as PDB', 'Open a site', 'Undo', 'Redo']
const found = (query: string) => search(query, titles, (t) => [t]).map(({ item }) => item)

describe('fuzzy search', () => {
  it('answers everything in order for nothing asked', () => expect(found('  ')).toEqual(titles))
  it('finds letters in order, and only so', () => {
    expect(fuzzy('gns', 'Generate again with a new seed')).not.toBeNull()
    expect(fuzzy('sgn', 'Generate')).toBeNull()
    expect(found('zzz')).toEqual([])
  })
  it('puts starts of words first', () => {
    expect(found('es')[0]).toBe('Export as SDF')
    expect(found('pdb')[0]).toBe('Export as PDB')
    expect(found('ga')[0]).toBe('Generate again with a new seed')
    expect(found('do').slice(0, 2).sort()).toEqual(['Redo', 'Undo'])
  })
  it('prefers letters that stand together', () => {
    const together = fuzzy('site', 'Open a site')?.score ?? 0
    const apart = fuzzy('site', 'Show inner tetrahedra')?.score ?? 0
    expect(together).toBeGreaterThan(apart)
  })
  it('says which letters it took', () => expect(fuzzy('site', 'Open a site')?.letters).toEqual([7, 8, 9, 10]))
  it('looks at other words behind the title', () => {
    const items = [{ title: 'Save picture', also: 'png image' }, { title: 'Pin gears', also: '' }]
    const hits = search('png', items, (i) => [i.title, i.also])
    expect(hits.map((h) => h.item.title)).toContain('Save picture')
  })
  it('ignores case and blanks', () => expect(fuzzy('EX sdf', 'Export as SDF')).not.toBeNull())
  it('takes words in any order, after those in theirs', () => {
    const items = ['Export the trajectory as PDB', 'Hydrogens: none'].map((title) => ({ title }))
    expect(search('pdb traj', items, (i) => [i.title]).map((h) => h.item.title)).toEqual(['Export the trajectory as PDB'])
    expect(search('pdb xylophone', items, (i) => [i.title])).toEqual([])
  })
})
