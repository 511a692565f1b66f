import { describe, expect, it } from 'vitest'
import { explainReason } from './reasons'
import { sparkPaths } from './sparkPaths'

describe('explainReason', () => {
  it('says what a chemist would say, and which atoms it is about', () => {
    expect(explainReason('2 separate fragments')).toMatchObject({ short: 'Fell into two pieces', atoms: [] })
    expect(explainReason('radical on C3')).toMatchObject({ short: 'C3 has an unpaired electron', atoms: [2] })
    expect(explainReason('radical on C3, O5 and N12').atoms).toEqual([2, 4, 11])
    expect(explainReason('radical on C3 and O5').short).toBe('C3 and O5 have an unpaired electron')
    expect(explainReason('C4 has 5 neighbours at bonding distance, valence 4')).toMatchObject({
      short: 'C4 is bonded to five atoms and can take four', atoms: [3],
    })
    expect(explainReason('atoms 3 and 8 overlap (0.31 Å)')).toMatchObject({ short: 'Two atoms lie in each other', atoms: [2, 7] })
    expect(explainReason('bonds do not fit the valences at charge 0').short).toMatch(/^No set of/)
  })

  it('passes on what it does not know', () => {
    expect(explainReason('something new').short).toBe('Something new')
    expect(explainReason(null).short).toBe('No molecule')
  })
})

describe('sparkPaths', () => {
  const points = [{ step: 0, sigma: 2, force: NaN }, { step: 32, sigma: 0.1, force: 1 }, { step: 64, sigma: 0.012, force: 0.02 }]

  it('runs from left to right over all steps, and falls as noise does', () => {
    const { sigma, force, words } = sparkPaths(points, 64, 102, 22)
    const ends = (path: string) => [...path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)])
    expect(ends(sigma).map(([x]) => x)).toEqual([1, 51, 101])
    const heights = ends(sigma).map(([, y]) => y)
    expect(heights).toEqual([...heights].sort((a, b) => a - b))
    expect(ends(force)).toHaveLength(2)
    expect(words).toBe('σ̂ 0.012 Å')
  })

  it('keeps within its box whatever comes', () => {
    const { sigma } = sparkPaths([{ step: 0, sigma: 1e9, force: 0 }, { step: 900, sigma: 0, force: 0 }], 64, 100, 20)
    for (const [, x, y] of sigma.matchAll(/[ML]([\d.]+) ([\d.]+)/g)) {
      expect(Number(x)).toBeLessThanOrEqual(99)
      expect(Number(y) >= 0 && Number(y) <= 20).toBe(true)
    }
    expect(sparkPaths([], 64, 100, 20)).toEqual({ sigma: '', force: '', words: '' })
  })
})
