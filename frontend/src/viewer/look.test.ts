import { describe, expect, it } from 'vitest'
import { dress, isShown, PLAIN_LOOK } from './look'
import type { Drawing, Palette } from './drawn'
import { atomLook } from './scene'

const PALETTE: Palette = { background: '#ffffff', outline: '#000000', blob: '#ff0000', blobMuted: '#880000' }

/** C–H, O–H; the hydrogen on carbon is about to go. */
const METHANOL: Drawing = {
  looks: [atomLook(6, 'plain', PALETTE), atomLook(8, 'plain', PALETTE), atomLook(1, 'ghost', PALETTE), atomLook(1, 'plain', PALETTE)],
  positions: new Float32Array(12),
  bonds: [[0, 1], [0, 2], [1, 3]].map(([i, j]) => ({ i, j, order: 1, radius: 0.13 })),
  origin: [0, 1, 2, 3].map((atom) => ({ molecule: 0, atom })),
}
const shown = (drawing: Drawing) => drawing.looks.map(isShown)

describe('the look of atoms', () => {
  it('is left alone as it is by default', () => {
    expect(dress(METHANOL, PLAIN_LOOK)).toBe(METHANOL)
  })

  it('hides hydrogens on carbon, or all, with their bonds, and keeps every index', () => {
    const polar = dress(METHANOL, { ...PLAIN_LOOK, hydrogens: 'polar' })
    expect(shown(polar)).toEqual([true, true, false, true])
    expect(polar.bonds.map(({ i, j }) => [i, j])).toEqual([[0, 1], [1, 3]])
    const none = dress(METHANOL, { ...PLAIN_LOOK, hydrogens: 'none' })
    expect(shown(none)).toEqual([true, true, false, false])
    expect(none.looks).toHaveLength(4)
  })

  it('makes atoms of sticks as thick as their bonds, and thinner ones for ghosts', () => {
    const { looks, bonds } = dress(METHANOL, { ...PLAIN_LOOK, style: 'sticks' })
    expect(looks[0].radius).toBeCloseTo(bonds[0].radius, 2)
    expect(looks[2].radius).toBeLessThan(looks[3].radius)
  })

  it('fills space with spheres', () => {
    const { looks } = dress(METHANOL, { ...PLAIN_LOOK, style: 'spheres' })
    expect(looks[0].radius).toBe(1.7)
    expect(looks[1].radius).toBe(1.52)
  })
})
