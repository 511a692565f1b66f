import { element } from '../chemistry/elements'
import { centroid, dot, norm, normalize, perpendicular, sub, addScaled, type Vec3 } from '../geometry/vec3'
import type { Structure } from '../chemistry/writers'

export interface Dot {
  readonly x: number
  readonly y: number
  readonly r: number
  readonly color: string
  readonly hydrogen: boolean
}

export interface Stroke {
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  readonly order: number
}

export interface Thumbnail {
  readonly dots: readonly Dot[]
  readonly strokes: readonly Stroke[]
}

/** A small flat picture of a molecule, seen at right angles to the plane in which it spreads most; fits a square of this size. */
export function drawThumbnail({ numbers, positions, bonds }: Structure, size: number): Thumbnail {
  const center = centroid(positions)
  const [u, v] = broadestPlane(positions.map((p) => sub(p, center)))
  const flat = positions.map((p) => ({ x: dot(sub(p, center), u), y: -dot(sub(p, center), v) }))
  const reach = Math.max(2, ...flat.map(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)))) + 0.5
  const scale = size / 2 / reach
  const at = (i: number) => ({ x: size / 2 + flat[i].x * scale, y: size / 2 + flat[i].y * scale })
  return {
    dots: numbers.map((z, i) => ({ ...at(i), r: (z === 1 ? 0.2 : 0.36) * scale, color: element(z).color, hydrogen: z === 1 })),
    strokes: bonds.map(([i, j, order]) => ({ x1: at(i).x, y1: at(i).y, x2: at(j).x, y2: at(j).y, order })),
  }
}

/** Two orthonormal directions that hold most of the spread, by power iteration. */
export function broadestPlane(points: readonly Vec3[]): readonly [Vec3, Vec3] {
  const apply = (w: Vec3): Vec3 => points.reduce<Vec3>((sum, p) => addScaled(sum, p, dot(p, w)), [0, 0, 0])
  const leading = (start: Vec3, without: Vec3 | null): Vec3 => {
    const strip = (w: Vec3): Vec3 => (without === null ? w : addScaled(w, without, -dot(w, without)))
    let w = normalize(strip(start))
    for (let k = 0; k < 40; k++) w = normalize(strip(apply(w)), w)
    return w
  }
  const u = leading([0.9, 0.4, 0.2], null)
  // Not at right angles to anything in particular: a start along one of the molecule's own axes would never leave it.
  const start: Vec3 = [0.31, 0.87, 0.38]
  const across = addScaled(start, u, -dot(start, u))
  return [u, leading(norm(across) > 0.1 ? across : perpendicular(u), u)]
}
