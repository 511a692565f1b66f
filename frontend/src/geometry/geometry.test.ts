import { describe, expect, it } from 'vitest'
import { covariance, rayEllipsoid, reshaped, shapeOf } from './ellipsoid'
import { between, conjugate, fromAxisAngle, fromEuler, fromMatrixColumns, multiply, rotate, toEuler, toMatrix, type Quat } from './quat'
import { cross, dot, norm, normalize, perpendicular, type Vec3 } from './vec3'

function expectClose(a: readonly number[], b: readonly number[], digits = 10) {
  a.forEach((x, i) => expect(x).toBeCloseTo(b[i], digits))
}

const turns: Quat[] = [fromEuler([10, 20, 30]), fromEuler([-170, 80, 5]), fromEuler([0, 90, 40]), fromEuler([0, 0, 180])]

describe('quaternions', () => {
  it('turn right-handed', () => {
    expectClose(rotate(fromAxisAngle([0, 0, 1], Math.PI / 2), [1, 0, 0]), [0, 1, 0])
    expectClose(rotate(fromAxisAngle([1, 0, 0], Math.PI / 2), [0, 1, 0]), [0, 0, 1])
  })

  it('compose from right to left and undo by the conjugate', () => {
    const [a, b] = turns
    const v: Vec3 = [0.3, -1.2, 2]
    expectClose(rotate(multiply(a, b), v), rotate(a, rotate(b, v)))
    expectClose(rotate(conjugate(a), rotate(a, v)), v)
  })

  it('agree with their matrix', () => {
    for (const q of turns) {
      const v: Vec3 = [1, 2, 3]
      expectClose(toMatrix(q).map((row) => dot(row, v)), rotate(q, v))
    }
  })

  it('survive Euler angles and back, gimbal lock included', () => {
    for (const q of turns) {
      const again = fromEuler(toEuler(q))
      expectClose(rotate(again, [1, 2, 3]), rotate(q, [1, 2, 3]), 6)
    }
  })

  it('take one direction to another, the opposite one too', () => {
    for (const to of [[0, 1, 0], [-1, 0, 0], [1, 0, 0], [1, 2, -3]] as Vec3[]) {
      expectClose(rotate(between([1, 0, 0], to), [1, 0, 0]), normalize(to))
    }
  })

  it('are found from three axes', () => {
    for (const q of turns) {
      const columns = ([[1, 0, 0], [0, 1, 0], [0, 0, 1]] as Vec3[]).map((v) => rotate(q, v))
      const again = fromMatrixColumns(columns[0], columns[1], columns[2])
      columns.forEach((c, i) => expectClose(rotate(again, [+(i === 0), +(i === 1), +(i === 2)]), c))
    }
    const x = normalize([1, 1, 1])
    const y = perpendicular(x)
    expectClose(rotate(fromMatrixColumns(x, y, cross(x, y)), [0, 1, 0]), y)
  })
})

describe('covariance', () => {
  it('has the widths squared as its spread along the axes', () => {
    const q = turns[0]
    const c = covariance([2, 1, 0.5], q)
    for (const [i, w] of [2, 1, 0.5].entries()) {
      const axis = rotate(q, [+(i === 0), +(i === 1), +(i === 2)])
      expect(dot(axis, c.map((row) => dot(row, axis)) as unknown as Vec3)).toBeCloseTo(w * w, 10)
    }
  })

  it('is symmetric to the last bit', () => {
    for (const q of turns) {
      const c = covariance([1.7, 1.1, 0.3], q)
      expect([c[0][1], c[0][2], c[1][2]]).toEqual([c[1][0], c[2][0], c[2][1]])
    }
  })
})

describe('rayEllipsoid', () => {
  const e = { center: [1, 0, 0] as Vec3, radii: [2, 1, 1] as Vec3, rotation: fromEuler([0, 0, 90]) }

  it('meets the near side, at the turned radius', () => {
    expect(rayEllipsoid([1, 10, 0], [0, -1, 0], e)).toBeCloseTo(8, 10)
    expect(rayEllipsoid([10, 0, 0], [-1, 0, 0], e)).toBeCloseTo(8, 10)
  })

  it('leaves from inside, and misses what is beside or behind', () => {
    expect(rayEllipsoid([1, 0, 0], [0, 1, 0], e)).toBeCloseTo(2, 10)
    expect(rayEllipsoid([4, 10, 0], [0, -1, 0], e)).toBeNull()
    expect(rayEllipsoid([1, 10, 0], [0, 1, 0], e)).toBeNull()
  })
})

it('perpendicular stands at right angles and has unit length', () => {
  for (const v of [[1, 0, 0], [0, 5, 0], [1, 2, 3]] as Vec3[]) {
    expect(dot(perpendicular(v), v)).toBeCloseTo(0, 12)
    expect(norm(perpendicular(v))).toBeCloseTo(1, 12)
  }
})

describe('named shapes', () => {
  const limits = { min: 0.05, max: 15 }

  it('keep the volume, and are known again', () => {
    for (const kind of ['ball', 'disc', 'rod'] as const) {
      const made = reshaped([0.6, 0.9, 0.5], kind, limits)
      expect(made[0] * made[1] * made[2]).toBeCloseTo(0.6 * 0.9 * 0.5, 2)
      expect(shapeOf(made)).toBe(kind)
    }
    expect(shapeOf([0.6, 0.9, 0.5])).toBeNull()
  })

  it('stay within the limits of a width', () => {
    expect(reshaped([14, 14, 14], 'rod', limits)[0]).toBe(15)
  })
})
