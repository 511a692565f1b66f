import { element } from '../../chemistry/elements'
import { sitesOf } from '../../document/placement'
import type { Design, GaussianBlob } from '../../document/types'
import { SHELL_50 } from '../../geometry/ellipsoid'
import { rotate } from '../../geometry/quat'
import { AXES, centroid, dot, scale, sub, type Vec3 } from '../../geometry/vec3'
import { broadestPlane } from '../thumbnail'

/** Colours that an image cannot take from the page's style sheet. */
export interface Ink {
  readonly bond: string
  readonly outline: string
  readonly blob: string
}

const made = new WeakMap<Design, Map<string, string>>()

/** A small flat picture of a design as the address of an image; drawn once for each design and ink. */
export function thumbnailUrl(design: Design, ink: Ink, size = 44): string {
  const key = `${ink.bond}${ink.blob}${size}`
  const known = made.get(design) ?? new Map<string, string>()
  made.set(design, known)
  const url = known.get(key) ?? `data:image/svg+xml,${encodeURIComponent(drawDesign(design, ink, size))}`
  known.set(key, url)
  return url
}

/** SVG of the scaffold and the blobs' inner shells, seen at right angles to the plane in which they spread most. */
export function drawDesign({ scaffold, blobs }: Design, ink: Ink, size: number): string {
  const gone = new Set(blobs.flatMap(sitesOf))
  const atoms = (scaffold?.positions ?? []).map((position, i) => ({ position, number: scaffold?.numbers[i] ?? 0, gone: gone.has(i) }))
  const points = [...atoms.map((a) => a.position), ...blobs.flatMap(ends)]
  const center = centroid(points)
  const [u, v] = broadestPlane(points.map((p) => sub(p, center)))
  const flat = (p: Vec3): readonly [number, number] => [dot(sub(p, center), u), -dot(sub(p, center), v)]
  const reach = Math.max(2, ...points.map((p) => Math.max(...flat(p).map(Math.abs)))) + 0.5
  const zoom = size / 2 / reach
  const at = (p: Vec3) => flat(p).map((x) => (size / 2 + x * zoom).toFixed(1))
  const parts = (scaffold?.bonds ?? []).map(([i, j, order]) => {
    const [[x1, y1], [x2, y2]] = [at(atoms[i].position), at(atoms[j].position)]
    return `<path d="M${x1} ${y1}L${x2} ${y2}" stroke="${ink.bond}" stroke-width="${(0.6 + 0.8 * order).toFixed(1)}"${fading(atoms[i].gone || atoms[j].gone)}/>`
  })
  const inFront = [...atoms].sort((a, b) => Number(b.number === 1) - Number(a.number === 1))
  for (const { position, number, gone: ghost } of inFront) {
    const [x, y] = at(position)
    const r = ((number === 1 ? 0.2 : 0.36) * zoom).toFixed(1)
    parts.push(`<circle cx="${x}" cy="${y}" r="${r}" fill="${element(number).color}" stroke="${ink.outline}" stroke-width=".5"${fading(ghost)}/>`)
  }
  for (const blob of blobs) {
    const [x, y] = at(blob.center)
    const { rx, ry, angle } = shadow(blob, u, v)
    parts.push(
      `<ellipse cx="${x}" cy="${y}" rx="${(rx * zoom).toFixed(1)}" ry="${(ry * zoom).toFixed(1)}" transform="rotate(${angle.toFixed(0)} ${x} ${y})"` +
        ` fill="${ink.blob}" fill-opacity=".4" stroke="${ink.blob}"/>`,
    )
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" width="${size}" height="${size}" stroke-linecap="round">${parts.join('')}</svg>`
}

const fading = (ghost: boolean): string => (ghost ? ' opacity=".3"' : '')

const axes = ({ widths, rotation }: GaussianBlob): Vec3[] => AXES.map((axis, i) => scale(rotate(rotation, axis), SHELL_50 * widths[i]))

const ends = (blob: GaussianBlob): Vec3[] =>
  axes(blob).flatMap((a): Vec3[] => [
    [blob.center[0] + a[0], blob.center[1] + a[1], blob.center[2] + a[2]],
    [blob.center[0] - a[0], blob.center[1] - a[1], blob.center[2] - a[2]],
  ])

/** The outline of an ellipsoid seen from far away along u × v: half axes, and the first one's angle in degrees, y down. */
export function shadow(blob: GaussianBlob, u: Vec3, v: Vec3): { rx: number; ry: number; angle: number } {
  let [xx, xy, yy] = [0, 0, 0]
  for (const a of axes(blob)) {
    const [x, y] = [dot(a, u), -dot(a, v)]
    xx += x * x
    xy += x * y
    yy += y * y
  }
  const mean = (xx + yy) / 2
  const spread = Math.hypot((xx - yy) / 2, xy)
  return {
    rx: Math.sqrt(mean + spread),
    ry: Math.sqrt(Math.max(0, mean - spread)),
    angle: (Math.atan2(2 * xy, xx - yy) / 2) * (180 / Math.PI),
  }
}
