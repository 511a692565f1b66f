import { expect, it } from 'vitest'
import { angle, dihedral, labelPlace, measure, type Disc } from './measure'

it('measures distances, angles and dihedrals', () => {
  expect(measure([[0, 0, 0], [0, 3, 4]])).toBe('5.000 Å')
  expect(angle([1, 0, 0], [0, 0, 0], [0, 2, 0])).toBeCloseTo(90, 10)
  expect(measure([[1, 0, 0], [0, 0, 0], [-1, 0, 0]])).toBe('180.0°')
  expect(measure([[0, 0, 0]])).toBeNull()
})

it('gives dihedrals their sign', () => {
  const [b, c] = [[0, 0, 0], [0, 0, 1]] as const
  expect(dihedral([1, 0, 0], b, c, [1, 0, 1])).toBeCloseTo(0, 10)
  expect(Math.abs(dihedral([1, 0, 0], b, c, [-1, 0, 1]))).toBeCloseTo(180, 10)
  const right = dihedral([1, 0, 0], b, c, [0, 1, 1])
  expect(right).toBeCloseTo(90, 10)
  expect(dihedral([1, 0, 0], b, c, [0, -1, 1])).toBeCloseTo(-right, 10)
})

const BOX = { halfWidth: 40, halfHeight: 18 }
const WITHIN = { width: 800, height: 600 }

/** Whether the label leaves the disc to be seen. */
const clears = (at: { x: number; y: number }, { x, y, r }: Disc) =>
  Math.hypot(Math.max(0, Math.abs(at.x - x) - BOX.halfWidth), Math.max(0, Math.abs(at.y - y) - BOX.halfHeight)) >= r

it.each([0, 20, 45, 70, 90, 135, 200, 290])('puts the label beside what is measured, away from the molecule: turned by %i°', (degrees) => {
  const [c, s] = [Math.cos(degrees / 57.29578), Math.sin(degrees / 57.29578)]
  const disc = (x: number, y: number): Disc => ({ x: 400 + c * x - s * y, y: 300 + s * x + c * y, r: 25 })
  const [a, b, d, e] = [disc(-45, -80), disc(45, -80), disc(90, 0), disc(140, -80)]
  const middle = { x: 400, y: 300 }
  const reach = (p: { x: number; y: number }) => Math.hypot(p.x - middle.x, p.y - middle.y)

  const length = labelPlace([a, b], middle, BOX, WITHIN)
  expect([a, b].every((one) => clears(length, one))).toBe(true)
  expect(reach(length)).toBeGreaterThan(reach({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }))

  const corner = labelPlace([a, b, d], middle, BOX, WITHIN)
  expect(clears(corner, b)).toBe(true)
  expect(reach(corner)).toBeGreaterThan(reach(b))

  const turned = labelPlace([a, b, d, e], middle, BOX, WITHIN)
  expect([b, d].every((one) => clears(turned, one))).toBe(true)
})

it('keeps the label in the view, and above what has no other side', () => {
  const [a, b] = [{ x: 360, y: 300, r: 25 }, { x: 440, y: 300, r: 25 }]
  const above = labelPlace([a, b], { x: 400, y: 300 }, BOX, WITHIN)
  expect(above.x).toBeCloseTo(400, 10)
  expect(above.y).toBeLessThan(300 - 25 - BOX.halfHeight)
  const straight = labelPlace([a, { x: 400, y: 300, r: 25 }, b], { x: 400, y: 300 }, BOX, WITHIN)
  expect(straight.y).toBeLessThan(300 - 25 - BOX.halfHeight)
  expect(labelPlace([{ ...a, y: 10 }, { ...b, y: 10 }], { x: 400, y: 200 }, BOX, WITHIN).y).toBe(BOX.halfHeight)
})
