import { atomCount, parseFormula } from '../chemistry/formula'
import { fromMatrixColumns, rotate, type Quat } from '../geometry/quat'
import { add, addScaled, centroid, cross, distance, dot, norm, normalize, perpendicular, scale, sub, type Vec3 } from '../geometry/vec3'
import type { Content, GaussianBlob, Scaffold } from './types'

/**
 * Widths and distances fitted to QM9: medians over 4,000 molecules, and over the fragments left by cutting their acyclic bonds.
 * `n` counts all atoms, hydrogens too.
 */

/** σ of a whole molecule along its principal axes, Å. */
export function typicalWidths(n: number): Vec3 {
  const size = Math.cbrt(Math.max(1, n))
  return [0.68 * size, 0.46 * size, 0.31 * size]
}

/** σ of a fragment bound at its end: along the bond, across it, and across the flat side, Å. */
export function attachedWidths(n: number): Vec3 {
  return [Math.sqrt(0.15 + 0.055 * n), Math.sqrt(0.4 + 0.1 * n), Math.sqrt(0.15 + 0.035 * n)]
}

/** From the atom that a fragment is bound to, to the fragment's centre, Å. */
export const attachedDistance = (n: number): number => 1.2 + 0.55 * Math.log(Math.max(1, n))

/** Atoms that a content stands for; random heavy atoms bring about as many hydrogens again. */
export function expectedAtoms(content: Content): number {
  if (content.kind === 'random') return Math.round(2.1 * content.heavyAtoms)
  const parsed = parseFormula(content.text)
  return parsed.ok ? atomCount(parsed.composition) : 6
}

/** The heavy atom that this hydrogen sits on: its bonded partner, else the nearest atom. -1 when it is alone. */
export function anchorOf(scaffold: Scaffold, hydrogen: number): number {
  const bond = scaffold.bonds.find(([i, j]) => i === hydrogen || j === hydrogen)
  if (bond !== undefined) return bond[0] === hydrogen ? bond[1] : bond[0]
  let best = -1
  scaffold.positions.forEach((p, i) => {
    if (i === hydrogen || scaffold.numbers[i] === 1) return
    const d = distance(p, scaffold.positions[hydrogen])
    if (best < 0 || d < distance(scaffold.positions[best], scaffold.positions[hydrogen])) best = i
  })
  return best
}

export interface Placement {
  readonly center: Vec3
  readonly widths: Vec3
  readonly rotation: Quat
}

/** A blob for the place of this hydrogen: x runs along the bond, y lies in the plane of the anchor's neighbours. */
export function sitePlacement(scaffold: Scaffold, hydrogen: number, content: Content): Placement {
  const n = expectedAtoms(content)
  const anchor = anchorOf(scaffold, hydrogen)
  const origin = anchor < 0 ? scaffold.positions[hydrogen] : scaffold.positions[anchor]
  const x = normalize(sub(scaffold.positions[hydrogen], origin))
  const z = planeNormal(scaffold, anchor, hydrogen, x)
  return {
    center: addScaled(origin, x, attachedDistance(n)),
    widths: attachedWidths(n),
    rotation: fromMatrixColumns(x, cross(z, x), z),
  }
}

/** The hydrogens that give way to a blob, in the order in which they were opened; none for a blob that is bound to nothing. */
export const sitesOf = ({ site, bridges = [] }: Pick<GaussianBlob, 'site' | 'bridges'>): readonly number[] =>
  site === null ? [] : [site, ...bridges]

/** The blob on these sites instead of its own. */
export function onSites(blob: GaussianBlob, sites: readonly number[]): GaussianBlob {
  const [site = null, ...more] = sites
  const next: GaussianBlob & { bridges?: readonly number[] } = { ...blob, site, bridges: more }
  if (more.length === 0) delete next.bridges
  return next
}

/**
 * A blob for the place of these hydrogens. One that bridges several lies where one on each of them would lie on average: x runs away
 * from the scaffold, y from the last site to the first, along which it is longer by as much as the anchors lie apart.
 */
export function placementOn(scaffold: Scaffold, sites: readonly number[], content: Content): Placement {
  const each = sites.map((site) => sitePlacement(scaffold, site, content))
  if (each.length < 2) return each[0]
  const anchors = sites.map((site) => scaffold.positions[anchorOf(scaffold, site)] ?? scaffold.positions[site])
  const middle = centroid(anchors)
  const apart = sub(scaffold.positions[sites[0]], scaffold.positions[sites[sites.length - 1]])
  const outward = each.reduce<Vec3>((sum, { rotation }) => add(sum, rotate(rotation, [1, 0, 0])), [0, 0, 0])
  // Bonds that point at each other leave no way out but aside.
  const x = norm(outward) > 0.3 ? normalize(outward) : planeNormalTo(apart, each[0].rotation)
  const across = sub(apart, scale(x, dot(apart, x)))
  const y = norm(across) > 0.1 ? normalize(across) : perpendicular(x)
  const spread = Math.max(...anchors.map((at) => Math.abs(dot(sub(at, middle), y))))
  const [along, side, flat] = attachedWidths(expectedAtoms(content))
  return {
    center: centroid(each.map((one) => one.center)),
    widths: [along, Math.hypot(side, spread), flat],
    rotation: fromMatrixColumns(x, y, cross(x, y)),
  }
}

/** A direction at right angles to `axis`, in the plane of the first site's neighbours where it can be. */
function planeNormalTo(axis: Vec3, rotation: Quat): Vec3 {
  const wanted = rotate(rotation, [0, 1, 0])
  const along = normalize(axis)
  const side = sub(wanted, scale(along, dot(wanted, along)))
  return norm(side) > 0.1 ? normalize(side) : perpendicular(along)
}

/** Normal of the plane in which the anchor's bonds lie, at right angles to `x`. */
function planeNormal(scaffold: Scaffold, anchor: number, hydrogen: number, x: Vec3): Vec3 {
  if (anchor < 0) return perpendicular(x)
  let normal: Vec3 = [0, 0, 0]
  for (const [i, j] of scaffold.bonds) {
    if (i !== anchor && j !== anchor) continue
    const other = i === anchor ? j : i
    if (other === hydrogen) continue
    const side = cross(x, normalize(sub(scaffold.positions[other], scaffold.positions[anchor])))
    // Neighbours on opposite sides of the bond span the same plane with opposite normals.
    normal = add(normal, dot(normal, side) < 0 ? scale(side, -1) : side)
  }
  return norm(normal) > 0.1 ? normalize(normal) : perpendicular(x)
}

/** Å: from how near a blob that is dragged jumps onto the line of its bond. */
const SNAP = 0.22

/** The nearest point on the line of the blob's bond, outwards from the anchor, when it is near enough; else the point itself. */
export function snapToBond(scaffold: Scaffold, hydrogen: number, point: Vec3): Vec3 {
  const anchor = anchorOf(scaffold, hydrogen)
  if (anchor < 0) return point
  const origin = scaffold.positions[anchor]
  const along = normalize(sub(scaffold.positions[hydrogen], origin))
  const reach = dot(sub(point, origin), along)
  const foot = addScaled(origin, along, reach)
  return reach > 0 && distance(foot, point) < SNAP ? foot : point
}
