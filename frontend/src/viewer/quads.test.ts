import { describe, expect, it } from 'vitest'
import { cross, distance, dot, normalize, sub, type Vec3 } from '../geometry/vec3'
import type { AtomLook, AtomsToDraw, DrawnBond } from './drawn'
import { mostSticks, writeBonds } from './bondSticks'
import { MOST_QUADS, Quads, type Rgb } from './quads'

const GREY: Rgb = [0.5, 0.5, 0.5]
const RED: Rgb = [1, 0, 0]
const colorOf = (color: string): Rgb => (color === '#ff0000' ? RED : GREY)
const atom = (number: number, color = '#808080'): AtomLook => ({ number, symbol: 'C', radius: 0.4, stick: 0.13, color })

/** The sticks that were written, end by end. */
function sticksOf(quads: Quads): { from: Vec3; to: Vec3; radius: number; red: number }[] {
  const { positions, normals, radii, colors } = quads.written()
  const at = (from: Float32Array, q: number): Vec3 => [from[12 * q], from[12 * q + 1], from[12 * q + 2]]
  return Array.from({ length: quads.count }, (_, q) => ({ from: at(positions, q), to: at(normals, q), radius: radii[4 * q + 1], red: colors[12 * q] }))
}

function write(bonds: readonly DrawnBond[], positions: readonly Vec3[], looks = positions.map(() => atom(6))): ReturnType<typeof sticksOf> {
  const quads = new Quads()
  const atoms: AtomsToDraw = { looks, bonds, positions: positions.flat() }
  quads.begin(mostSticks(bonds))
  writeBonds(quads, atoms, colorOf)
  return sticksOf(quads)
}

describe('quads', () => {
  it('hold what was written last, and nothing of what was there before', () => {
    const quads = new Quads()
    quads.begin(3)
    for (let k = 0; k < 3; k++) quads.ball(k, k, k, 1, GREY)
    quads.begin(2)
    quads.ball(7, 8, 9, 0.5, RED)
    const { positions, normals, colors, faces } = quads.written()
    expect([...positions]).toEqual([7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9])
    expect([...normals.subarray(0, 6)]).toEqual([-0.5, 0.5, 0, -0.5, -0.5, 0])
    expect([...colors.subarray(0, 3)]).toEqual([1, 0, 0])
    expect([...faces]).toEqual([0, 1, 2, 2, 3, 0])
  })

  it('write over the same memory while it suffices', () => {
    const quads = new Quads()
    quads.begin(10)
    const memory = quads.written().positions.buffer
    quads.begin(4)
    expect(quads.written().positions.buffer).toBe(memory)
    quads.begin(11)
    expect(quads.written().positions.buffer).not.toBe(memory)
  })

  it('leave out what 16-bit indices cannot number', () => {
    const quads = new Quads()
    quads.begin(MOST_QUADS + 5)
    for (let k = 0; k < MOST_QUADS + 5; k++) quads.ball(0, 0, 0, 1, GREY)
    expect(quads.count).toBe(MOST_QUADS)
    expect(quads.written().faces.at(-2)).toBe(4 * MOST_QUADS - 1)
  })

  it('tell the far end of a stick by a negative blue, even where there is no blue', () => {
    const quads = new Quads()
    quads.begin(1)
    quads.stick(0, 0, 0, 1, 0, 0, 0.1, RED)
    const { colors } = quads.written()
    expect([colors[2] >= 0, colors[5] >= 0, colors[8] < 0, colors[11] < 0]).toEqual([true, true, true, true])
  })
})

describe('bonds', () => {
  const ends: readonly Vec3[] = [[0, 0, 0], [2, 0, 0]]

  it('are one stick between atoms of one colour, and two halves between others', () => {
    expect(write([{ i: 0, j: 1, order: 1, radius: 0.1 }], ends)).toMatchObject([{ from: [0, 0, 0], to: [2, 0, 0] }])
    const halves = write([{ i: 0, j: 1, order: 1, radius: 0.1 }], ends, [atom(6), atom(8, '#ff0000')])
    expect(halves).toMatchObject([{ from: [0, 0, 0], to: [1, 0, 0], red: 0.5 }, { from: [1, 0, 0], to: [2, 0, 0], red: 1 }])
  })

  it('of order two lie side by side in the plane of the molecule', () => {
    const formaldehyde: Vec3[] = [[0, 0, 0], [0, 1.2, 0], [0.9, -0.6, 0], [-0.9, -0.6, 0]]
    const bonds = [{ i: 0, j: 1, order: 2, radius: 0.1 }, { i: 0, j: 2, order: 1, radius: 0.1 }, { i: 0, j: 3, order: 1, radius: 0.1 }]
    const [one, other] = write(bonds, formaldehyde)
    const apart = sub(one.from, other.from)
    expect(Math.abs(normalize(apart)[0])).toBeCloseTo(1, 6)
    expect(dot(apart, sub(one.to, one.from))).toBeCloseTo(0, 6)
    expect(distance(one.from, other.from)).toBeGreaterThan(2 * one.radius)
  })

  it('of order three lie side by side about the axis, also in a straight molecule', () => {
    const acetylene: Vec3[] = [[0, 0, 0], [1.2, 0, 0], [-1.06, 0, 0], [2.26, 0, 0]]
    const bonds = [{ i: 0, j: 1, order: 3, radius: 0.1 }, { i: 0, j: 2, order: 1, radius: 0.1 }, { i: 1, j: 3, order: 1, radius: 0.1 }]
    const sticks = write(bonds, acetylene).slice(0, 3)
    expect(sticks[1].from).toEqual([0, 0, 0])
    for (const { from, to, radius } of sticks) {
      expect(distance(from, to)).toBeCloseTo(1.2, 6)
      expect(Math.abs(cross(sub(to, from), [1, 0, 0])[1])).toBeLessThan(1e-6)
      expect(radius).toBeCloseTo(0.025, 6)
    }
  })
})
