import { describe, expect, it } from 'vitest'
import { BREAK, BondTracker, FORM, guessBonds } from './bonds'

const CC = 1.52 // summed covalent radii of two carbons, Å
const pair = (distance: number) => [0, 0, 0, distance, 0, 0]

describe('BondTracker', () => {
  it('fades a bond in over several frames instead of snapping it', () => {
    const tracker = new BondTracker([6, 6], [0, 2])
    const strengths = Array.from({ length: 10 }, () => tracker.update(pair(1.5))[0]?.strength ?? 0)
    expect(strengths[0]).toBeGreaterThan(0)
    expect(strengths[0]).toBeLessThan(0.5)
    expect(strengths).toEqual([...strengths].sort((a, b) => a - b))
    expect(strengths.at(-1)).toBe(1)
  })

  it('keeps a bond inside the hysteresis band, and does not form one there', () => {
    const between = ((FORM + BREAK) / 2) * CC
    const fresh = new BondTracker([6, 6], [0, 2])
    expect(fresh.update(pair(between))).toHaveLength(0)

    const settled = new BondTracker([6, 6], [0, 2])
    for (let k = 0; k < 8; k++) settled.update(pair(1.5))
    for (let k = 0; k < 20; k++) expect(settled.update(pair(between))[0]?.strength).toBe(1)
  })

  it('does not flicker when a distance trembles about the threshold', () => {
    const tracker = new BondTracker([6, 6], [0, 2])
    for (let k = 0; k < 8; k++) tracker.update(pair(1.5))
    for (let k = 0; k < 30; k++) {
      const trembling = FORM * CC + (k % 2 === 0 ? 0.05 : -0.05)
      expect(tracker.update(pair(trembling))).toHaveLength(1)
    }
  })

  it('fades a broken bond out and then forgets it', () => {
    const tracker = new BondTracker([6, 6], [0, 2])
    for (let k = 0; k < 8; k++) tracker.update(pair(1.5))
    expect(tracker.update(pair(4))[0]?.strength).toBeLessThan(1)
    for (let k = 0; k < 8; k++) tracker.update(pair(4))
    expect(tracker.update(pair(4))).toHaveLength(0)
  })

  it('never bonds atoms of different molecules', () => {
    const tracker = new BondTracker([6, 6], [0, 1, 2])
    expect(tracker.update(pair(1.5))).toHaveLength(0)
  })

  it('gives a hydrogen its nearest neighbour only', () => {
    const tracker = new BondTracker([6, 1, 6], [0, 3])
    const bonds = tracker.update([0, 0, 0, 1.05, 0, 0, 2.2, 0, 0])
    expect(bonds.map(({ i, j }) => [i, j])).toEqual([[0, 1]])
  })

  it('never bonds two hydrogens, however near', () => {
    expect(new BondTracker([1, 1, 6], [0, 3]).update([0, 0, 0, 0.6, 0, 0, 9, 0, 0])).toHaveLength(0)
  })

  it('takes frozen bonds as given and guesses none between frozen atoms', () => {
    const tracker = new BondTracker([6, 6, 6], [0, 3], [[0, 1, 2]], (atom) => atom < 2)
    const bonds = tracker.update([0, 0, 0, 5, 0, 0, 6.5, 0, 0])
    expect(bonds.find((b) => b.i === 0 && b.j === 1)?.strength).toBe(1)
    expect(bonds.some((b) => b.i === 1 && b.j === 2)).toBe(true)
  })
})

describe('guessBonds', () => {
  it('finds the four bonds of methane', () => {
    const d = 0.63
    const positions = [0, 0, 0, d, d, d, d, -d, -d, -d, d, -d, -d, -d, d]
    expect(guessBonds([6, 1, 1, 1, 1], positions)).toHaveLength(4)
  })
})
