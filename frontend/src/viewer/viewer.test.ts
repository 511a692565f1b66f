import { describe, expect, it } from 'vitest'
import { conjugate, fromEuler, multiply } from '../geometry/quat'
import { addScaled, distance, dot, norm, sub, type Vec3 } from '../geometry/vec3'
import { fit, fromView, mix, orbit, pan, resized, viewAxes, zoom, type Camera } from './camera'
import { cellCenter, cellPlace, chooseGrid, inPlace } from './layout'
import { pickAtom, pickEllipsoid } from './picking'
import { isWithin, project, rayThrough, silhouette } from './projection'

const viewport = { width: 900, height: 600 }
const camera: Camera = { target: [1, -2, 0.5], rotation: fromEuler([20, -35, 60]), distance: 30 }

describe('projection', () => {
  it('puts the target in the middle', () => {
    expect(project(camera, viewport, camera.target)).toMatchObject({ x: 450, y: 300, depth: 30 })
  })

  it('draws view axes to the right and up, and nearer things larger', () => {
    const [right, up, out] = viewAxes(camera)
    const origin = project(camera, viewport, camera.target)
    const r = project(camera, viewport, addScaled(camera.target, right, 1))
    const u = project(camera, viewport, addScaled(camera.target, up, 1))
    expect([r.x > origin.x, Math.abs(r.y - origin.y) < 1e-9]).toEqual([true, true])
    expect([u.y < origin.y, Math.abs(u.x - origin.x) < 1e-9]).toEqual([true, true])
    expect(project(camera, viewport, addScaled(camera.target, out, 5)).scale).toBeGreaterThan(origin.scale)
  })

  it('has 20° from the top of the canvas to its bottom', () => {
    const [, up] = viewAxes(camera)
    const half = camera.distance * Math.tan((10 * Math.PI) / 180)
    expect(project(camera, viewport, addScaled(camera.target, up, half)).y).toBeCloseTo(0, 8)
  })

  it('casts rays that go through the points they come from', () => {
    for (const p of [[0, 0, 0], [4, 1, -3], [-2, 5, 2]] as Vec3[]) {
      const s = project(camera, viewport, p)
      const ray = rayThrough(camera, viewport, s.x, s.y)
      const t = dot(sub(p, ray.origin), ray.direction)
      expect(distance(addScaled(ray.origin, ray.direction, t), p)).toBeLessThan(1e-9)
    }
  })
})

describe('silhouette', () => {
  it('encloses every point of the surface and touches the outermost', () => {
    const e = { center: [1.5, -1, 1] as Vec3, radii: [2, 1, 0.4] as Vec3, rotation: fromEuler([30, 50, -20]) }
    const s = silhouette(camera, viewport, e)
    const [cos, sin] = [Math.cos(s.angle), Math.sin(s.angle)]
    let outermost = 0
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < 80; j++) {
        const [theta, phi] = [(Math.PI * i) / 39, (Math.PI * 2 * j) / 80]
        const local: Vec3 = [
          e.radii[0] * Math.sin(theta) * Math.cos(phi),
          e.radii[1] * Math.sin(theta) * Math.sin(phi),
          e.radii[2] * Math.cos(theta),
        ]
        const axes = [0, 1, 2].map((k) => fromEulerAxis(k, e.rotation))
        const p = axes.reduce<Vec3>((sum, axis, k) => addScaled(sum, axis, local[k]), e.center)
        const q = project(camera, viewport, p)
        const [dx, dy] = [q.x - s.x, q.y - s.y]
        outermost = Math.max(outermost, Math.hypot((cos * dx + sin * dy) / s.rx, (-sin * dx + cos * dy) / s.ry))
      }
    }
    expect(outermost).toBeGreaterThan(0.99)
    expect(outermost).toBeLessThan(1.0001)
  })
})

function fromEulerAxis(k: number, rotation: Camera['rotation']): Vec3 {
  return fromView({ ...camera, rotation: [-rotation[0], -rotation[1], -rotation[2], rotation[3]] }, [+(k === 0), +(k === 1), +(k === 2)])
}

describe('isWithin', () => {
  // At the target a pixel is 1/57 Å: the picture is 15.9 Å wide and 10.6 Å high.
  const level = conjugate(camera.rotation)
  const rod = (degrees: number, half = 6, aside = 0) => ({
    center: addScaled(camera.target, viewAxes(camera)[0], aside),
    radii: [half, 0.5, 0.5] as Vec3,
    rotation: multiply(level, fromEuler([0, 0, degrees])),
  })

  it('tells whether an ellipsoid is cut off, however it is turned', () => {
    expect(isWithin(camera, viewport, rod(0))).toBe(true)
    expect(isWithin(camera, viewport, rod(40))).toBe(true)
    expect(isWithin(camera, viewport, rod(90))).toBe(false)
    expect(isWithin(camera, viewport, rod(-80))).toBe(false)
    expect(isWithin(camera, viewport, rod(90, 5))).toBe(true)
    expect(isWithin(camera, viewport, rod(0, 8.5))).toBe(false)
    expect(isWithin(camera, viewport, rod(0, 6, 1.5))).toBe(true)
    expect(isWithin(camera, viewport, rod(0, 6, -3))).toBe(false)
  })
})

describe('camera', () => {
  it('pans so that the target follows the pointer', () => {
    const before = camera.target
    const after = project(pan(camera, viewport, 40, -25), viewport, before)
    expect(after.x).toBeCloseTo(490, 6)
    expect(after.y).toBeCloseTo(275, 6)
  })

  it('orbits about the pivot, which stays in its place, and drags the front to the right', () => {
    const [, , out] = viewAxes(camera)
    const pivot: Vec3 = [2, 1, -1]
    const front = addScaled(pivot, out, 3)
    const turned = orbit(camera, viewport, 30, 0, pivot)
    const [before, after] = [project(camera, viewport, pivot), project(turned, viewport, pivot)]
    expect(after.x).toBeCloseTo(before.x, 8)
    expect(after.y).toBeCloseTo(before.y, 8)
    expect(project(turned, viewport, front).x).toBeGreaterThan(project(camera, viewport, front).x)
  })

  it('zooms about the pixel under the pointer', () => {
    const ray = rayThrough(camera, viewport, 700, 120)
    const [, , out] = viewAxes(camera)
    const t = dot(sub(camera.target, ray.origin), out) / dot(ray.direction, out)
    const point = addScaled(ray.origin, ray.direction, t)
    const after = project(zoom(camera, viewport, 0.6, 700, 120), viewport, point)
    expect(after.x).toBeCloseTo(700, 6)
    expect(after.y).toBeCloseTo(120, 6)
  })

  it('keeps its distance within reason', () => {
    expect(zoom(camera, viewport, 1e-6, 0, 0).distance).toBeGreaterThan(0)
    expect(zoom(camera, viewport, 1e6, 0, 0).distance).toBeLessThan(1e4)
  })

  it('fits every ball into the picture and fills it', () => {
    const balls = [
      { center: [8, 0, 0] as Vec3, radius: 2 },
      { center: [-3, 4, 5] as Vec3, radius: 1 },
    ]
    const fitted = fit(camera, viewport, balls, 0)
    let reach = 0
    for (const { center, radius } of balls) {
      const p = project(fitted, viewport, center)
      const edgeX = (Math.abs(p.x - 450) + radius * p.scale) / 450
      const edgeY = (Math.abs(p.y - 300) + radius * p.scale) / 300
      reach = Math.max(reach, edgeX, edgeY)
    }
    expect(reach).toBeGreaterThan(0.9)
    expect(reach).toBeLessThan(1.01)
  })

  it('shows in a canvas of another size what it has shown before', () => {
    const ball = { center: [1, 2, 3] as const, radius: 3 }
    const fitted = fit(camera, viewport, [ball], 0)
    // A panel opens beside the canvas, below it, or both: the shorter side rules.
    for (const other of [{ width: 240, height: viewport.height }, { width: viewport.width, height: 90 }, { width: 2000, height: 1500 }]) {
      const there = resized(fitted, viewport, other)
      const { x, y, scale } = project(there, other, ball.center)
      const share = (scale * ball.radius) / Math.min(other.width, other.height)
      expect(x).toBeCloseTo(other.width / 2, 6)
      expect(y).toBeCloseTo(other.height / 2, 6)
      expect(share).toBeGreaterThan(0.4)
      expect(share).toBeLessThan(0.51)
    }
    expect(resized(fitted, viewport, viewport)).toEqual(fitted)
  })

  it('mixes from one end to the other', () => {
    const other: Camera = { target: [0, 0, 0], rotation: fromEuler([0, 0, 10]), distance: 60 }
    expect(mix(camera, other, 1)).toBe(other)
    expect(mix(camera, other, 0).distance).toBeCloseTo(30, 10)
  })
})

describe('grid', () => {
  it('uses the shape of the viewport', () => {
    expect(chooseGrid(4, 5, { width: 2000, height: 400 })).toMatchObject({ columns: 4, rows: 1 })
    expect(chooseGrid(4, 5, { width: 600, height: 600 })).toMatchObject({ columns: 2, rows: 2 })
    expect(chooseGrid(1, 5, viewport)).toMatchObject({ columns: 1, rows: 1 })
  })

  it('gives every candidate its own cell', () => {
    for (const count of [1, 2, 3, 5, 7, 16]) {
      const grid = chooseGrid(count, 5, viewport)
      const cells = Array.from({ length: count }, (_, k) => cellCenter(grid, count, k))
      cells.forEach((a, i) => {
        for (const b of cells.slice(i + 1)) expect(Math.max(Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1]))).toBeGreaterThan(8.99)
      })
    }
  })

  it('turns with the view, so that a cell stays where it is on the screen', () => {
    const grid = chooseGrid(6, 4, viewport)
    const at = (c: Camera) => project(c, viewport, inPlace(cellPlace(grid, 6, 5, c), c.target, c.target))
    const turned = orbit(camera, viewport, 120, 77, camera.target)
    expect(at(turned).x).toBeCloseTo(at(camera).x, 8)
    expect(at(turned).y).toBeCloseTo(at(camera).y, 8)
    expect(norm(cellPlace(grid, 6, 5, camera).offset)).toBeGreaterThan(4)
  })

  it('shows the same side of a molecule in every cell', () => {
    const grid = chooseGrid(4, 4, { width: 2000, height: 400 })
    const [right, , out] = viewAxes(camera)
    // Two atoms one behind the other: they hide each other in each cell or in none.
    const [front, back] = [addScaled(camera.target, out, 2), addScaled(camera.target, out, -2)]
    for (const k of [0, 1, 2, 3]) {
      const place = cellPlace(grid, 4, k, camera)
      const [f, b] = [front, back].map((p) => project(camera, viewport, inPlace(place, camera.target, p)))
      expect(Math.hypot(f.x - b.x, f.y - b.y)).toBeLessThan(1e-6)
    }
    expect(dot(right, cellPlace(grid, 4, 0, camera).offset)).toBeLessThan(-4)
  })
})

describe('picking', () => {
  const atoms = [
    { position: [0, 0, 0] as Vec3, radius: 0.4 },
    { position: [3, 0, 0] as Vec3, radius: 0.25 },
  ]

  it('finds the atom under the pixel', () => {
    atoms.forEach(({ position }, i) => {
      const p = project(camera, viewport, position)
      expect(pickAtom(camera, viewport, atoms, p.x, p.y)).toBe(i)
    })
  })

  it('takes the one in front, helps within a few pixels, and no farther', () => {
    const [, , out] = viewAxes(camera)
    const stacked = [atoms[0], { position: addScaled([0, 0, 0], out, 2), radius: 0.3 }]
    const p = project(camera, viewport, [0, 0, 0])
    expect(pickAtom(camera, viewport, stacked, p.x, p.y)).toBe(1)
    const h = project(camera, viewport, atoms[1].position)
    const edge = h.x + atoms[1].radius * h.scale
    expect(pickAtom(camera, viewport, atoms, edge + 4, h.y)).toBe(1)
    expect(pickAtom(camera, viewport, atoms, edge + 12, h.y)).toBe(-1)
  })

  it('finds the foremost ellipsoid', () => {
    const [, , out] = viewAxes(camera)
    const e = (t: number) => ({ center: addScaled([0, 0, 0] as Vec3, out, t), radii: [1, 1, 1] as Vec3, rotation: camera.rotation })
    const p = project(camera, viewport, [0, 0, 0])
    expect(pickEllipsoid(camera, viewport, [e(0), e(4)], p.x, p.y)?.index).toBe(1)
    expect(pickEllipsoid(camera, viewport, [e(0)], 5, 5)).toBeNull()
  })
})
