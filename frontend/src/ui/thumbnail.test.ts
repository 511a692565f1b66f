import { describe, expect, it } from 'vitest'
import { fromEuler, rotate } from '../geometry/quat'
import { cross, dot, norm, type Vec3 } from '../geometry/vec3'
import { broadestPlane, drawThumbnail } from './thumbnail'

const turn = fromEuler([33, -50, 12])
const flat: Vec3[] = ([[3, 0, 0], [-3, 0.2, 0], [0, 1.5, 0.05], [0.1, -1.4, 0]] as Vec3[]).map((p) => rotate(turn, p))

describe('thumbnails', () => {
  it('look at a flat molecule from above', () => {
    const [u, v] = broadestPlane(flat)
    expect(dot(u, v)).toBeCloseTo(0, 6)
    expect([norm(u), norm(v)]).toEqual([expect.closeTo(1, 9), expect.closeTo(1, 9)])
    expect(Math.abs(dot(cross(u, v), rotate(turn, [0, 0, 1])))).toBeGreaterThan(0.99)
  })

  it('stay inside their square and join the right dots', () => {
    const { dots, strokes } = drawThumbnail({ numbers: [6, 6, 8, 1], positions: flat, bonds: [[0, 2, 2]] }, 64)
    for (const { x, y } of dots) expect(Math.min(x, y, 64 - x, 64 - y)).toBeGreaterThan(0)
    expect(strokes).toEqual([{ x1: dots[0].x, y1: dots[0].y, x2: dots[2].x, y2: dots[2].y, order: 2 }])
  })

  it('draw a lone atom in the middle', () => {
    expect(drawThumbnail({ numbers: [8], positions: [[4, 5, 6]], bonds: [] }, 64).dots[0]).toMatchObject({ x: 32, y: 32 })
  })
})

describe('the plane that is looked at', () => {
  it('is that of a flat molecule, also when the molecule lies along the axes', () => {
    const ring = [0, 1, 2, 3, 4, 5].map((k): Vec3 => [1.4 * Math.cos((k * Math.PI) / 3), 1.4 * Math.sin((k * Math.PI) / 3), 0])
    const cross: Vec3[] = [[5, 0, 0], [-5, 0, 0], [0, 2, 0], [0, -2, 0], [0, 0, 1], [0, 0, -1]]
    for (const points of [ring, cross]) {
      const [u, v] = broadestPlane(points)
      expect(Math.abs(u[2])).toBeLessThan(1e-3)
      expect(Math.abs(v[2])).toBeLessThan(1e-3)
    }
  })
})
