import { describe, expect, it } from 'vitest'
import { EXAMPLES, FIRST_EXAMPLE } from '../document/examples'
import { IDENTITY } from '../geometry/quat'
import { distance, type Vec3 } from '../geometry/vec3'
import type { Topology } from '../stream/protocol'
import type { Palette } from './drawn'
import { BOND_RADIUS, batchDrawing, designBlobs, designDrawing, designExtent, finalBonds, mixColors } from './scene'

const palette: Palette = { background: '#000000', outline: '#000000', blob: '#ff8800', blobMuted: '#884400' }
const topology: Topology = { type: 'topology', job: '1', ptr: [0, 2, 4], numbers: [6, 8, 6, 8], fixed: [true, false, true, false] }
const positions = Float32Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0)

it('mixes colours channel by channel', () => {
  expect(mixColors('#ffffff', '#000000', 0.5)).toBe('#808080')
  expect(mixColors('#102030', '#102030', 0.3)).toBe('#102030')
})

describe('designDrawing', () => {
  it('shows a displaced hydrogen as a small, faded ghost on a thin bond', () => {
    const design = FIRST_EXAMPLE.design()
    const hydrogen = design.blobs[0].site ?? -1
    const drawing = designDrawing(design, palette)
    const other = drawing.looks.findIndex((l, i) => l.number === 1 && i !== hydrogen)
    expect(drawing.looks[hydrogen].radius).toBeLessThan(drawing.looks[other].radius)
    expect(drawing.looks[hydrogen].color).not.toBe(drawing.looks[other].color)
    expect(drawing.bonds.find((b) => b.j === hydrogen)?.radius).toBeLessThan(BOND_RADIUS)
  })
})

describe('batchDrawing', () => {
  const center: Vec3 = [0, 0, 0]
  const place = (molecule: number, offset: Vec3) => ({ molecule, tone: 'plain' as const, place: { turn: IDENTITY, offset } })

  it('moves each molecule to its place and keeps bonds with their atoms', () => {
    const bonds = finalBonds(topology.ptr, [{ bonds: [[0, 1, 2]] }, { bonds: [[0, 1, 1]] }])
    const shown = [place(0, [10, 0, 0]), place(1, [0, 0, 5])]
    const drawing = batchDrawing(topology, positions, bonds, { shown, center, palette })
    expect([...drawing.positions]).toEqual([10, 0, 0, 11, 0, 0, 0, 0, 5, 0, 1, 5])
    expect(drawing.bonds.map(({ i, j, order }) => [i, j, order])).toEqual([[0, 1, 2], [2, 3, 1]])
  })

  it('draws one molecule alone, with indices of its own', () => {
    const bonds = finalBonds(topology.ptr, [{ bonds: [[0, 1, 2]] }, { bonds: [[0, 1, 1]] }])
    const drawing = batchDrawing(topology, positions, bonds, { shown: [place(1, [0, 0, 0])], center, palette })
    expect(drawing.looks).toHaveLength(2)
    expect(drawing.bonds).toMatchObject([{ i: 0, j: 1, order: 1 }])
    expect(drawing.origin).toEqual([{ molecule: 1, atom: 0 }, { molecule: 1, atom: 1 }])
  })

  it('draws a bond thinner while it is not settled', () => {
    const drawing = batchDrawing(topology, positions, [{ i: 0, j: 1, order: 1, strength: 0.4 }], { shown: [place(0, [0, 0, 0])], center, palette })
    expect(drawing.bonds[0].radius).toBeCloseTo(0.4 ** 1.5 * BOND_RADIUS, 10)
  })
})

describe('blobs', () => {
  it('show two shells each, the inner one inside the outer', () => {
    const [inner, outer] = designBlobs(FIRST_EXAMPLE.design(), 'b1', palette)
    expect(inner.radii[0]).toBeLessThan(outer.radii[0])
    expect(inner.opacity).toBeGreaterThan(outer.opacity)
    expect(inner.color).toBe(palette.blob)
    expect(designBlobs(FIRST_EXAMPLE.design(), null, palette)[0].color).toBe(palette.blobMuted)
  })
})

it.each(EXAMPLES.map((e) => [e.id, e.design()] as const))('the extent of %s holds every atom and blob', (_, design) => {
  const { center, radius } = designExtent(design)
  for (const p of [...(design.scaffold?.positions ?? []), ...design.blobs.map((b) => b.center)]) {
    expect(distance(p, center)).toBeLessThan(radius)
  }
})
