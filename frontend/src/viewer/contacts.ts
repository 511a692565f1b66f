import { element } from '../chemistry/elements'
import type { Drawing } from './drawn'

/** In summed covalent radii: atoms nearer than this count as bonded where the service judges (RDKit's connectivity). */
const CONNECTED = 1.3

export interface Contact {
  /** Drawn atom. */
  readonly other: number
  /** Å. */
  readonly distance: number
}

/** Drawn atoms of the same molecule that are so near to this one that they count as bonded to it, although no bond is drawn. */
export function contacts({ looks, positions, bonds, origin }: Drawing, atom: number): Contact[] {
  const bonded = new Set(bonds.flatMap(({ i, j }) => (i === atom ? [j] : j === atom ? [i] : [])))
  const reach = element(looks[atom].number).covalentRadius
  return looks.flatMap(({ number }, other) => {
    if (other === atom || bonded.has(other) || origin[other].molecule !== origin[atom].molecule) return []
    const distance = Math.hypot(...[0, 1, 2].map((k) => positions[3 * other + k] - positions[3 * atom + k]))
    return distance < CONNECTED * (reach + element(number).covalentRadius) ? [{ other, distance }] : []
  })
}
