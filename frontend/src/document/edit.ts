import type { Bond } from '../chemistry/bonds'
import { element } from '../chemistry/elements'
import { bondLength, freeDirections, neighbours, openValence } from '../chemistry/hydrogens'
import { add, addScaled, normalize, sub, type Vec3 } from '../geometry/vec3'
import { displacedHydrogens } from './design'
import { onSites, sitesOf } from './placement'
import { followSite } from './relax'
import type { Design, Scaffold } from './types'

/**
 * Editing the scaffold by hand: pure functions from a design to the next one. Hydrogens come and go with the valences of the atoms
 * that were edited, so that what comes out is a molecule; blobs on sites stay on theirs. Edited atoms have no SMILES any more.
 */

/** Removes atoms, and the hydrogens of heavy ones. The neighbours of a heavy atom get hydrogens in its place; those of a hydrogen stay open. */
export function deleteAtoms(design: Design, atoms: readonly number[]): Design {
  const { scaffold } = design
  if (scaffold === null || atoms.length === 0) return design
  const gone = new Set(atoms)
  const heavy = atoms.filter((i) => scaffold.numbers[i] !== 1)
  for (const i of heavy) {
    for (const { atom } of neighbours(scaffold, i)) if (scaffold.numbers[atom] === 1) gone.add(atom)
  }
  const beside = new Set(heavy.flatMap((i) => neighbours(scaffold, i).map((n) => n.atom)).filter((i) => !gone.has(i)))
  const [without, place] = remove(design, gone)
  return fitHydrogens(without, [...beside].map((i) => place.get(i) ?? -1))
}

/** Makes these atoms another element, with the hydrogens and the bond length that it wants. */
export function changeElement(design: Design, atoms: readonly number[], number: number): Design {
  const { scaffold } = design
  if (scaffold === null || atoms.every((i) => scaffold.numbers[i] === number)) return design
  const chosen = new Set(atoms)
  const numbers = scaffold.numbers.map((z, i) => (chosen.has(i) ? number : z))
  const positions = [...scaffold.positions]
  for (const i of chosen) {
    const bonded = neighbours(scaffold, i)
    if (bonded.length !== 1) continue
    const from = scaffold.positions[bonded[0].atom]
    positions[i] = addScaled(from, normalize(sub(scaffold.positions[i], from)), bondLength(number, numbers[bonded[0].atom]))
  }
  const bonds = scaffold.bonds.map(([i, j, order]): Bond => [i, j, chosen.has(i) || chosen.has(j) ? Math.min(order, most(numbers, i), most(numbers, j)) : order])
  // A hydrogen that has become an atom gives no site any more.
  const blobs = number === 1 ? design.blobs : design.blobs.map((b) => onSites(b, sitesOf(b).filter((h) => !chosen.has(h))))
  const next = withScaffold({ ...design, blobs }, { ...edited(scaffold), numbers, positions, bonds })
  return fitHydrogens(next, [...chosen, ...[...chosen].flatMap((i) => neighbours(scaffold, i).map((n) => n.atom))])
}

const most = (numbers: readonly number[], i: number): number => element(numbers[i]).valence

/**
 * A new atom on another one: in place of a hydrogen where there is one, else where a bond is open. Answers its index too; null when
 * the atom has no room for another bond.
 */
export function addAtom(design: Design, to: number, number: number): { readonly design: Design; readonly atom: number } | null {
  const { scaffold } = design
  if (scaffold === null) return null
  const taken = displacedHydrogens(design)
  if (scaffold.numbers[to] === 1) {
    if (taken.has(to)) return null
    return { design: changeElement(design, [to], number), atom: to }
  }
  const spare = neighbours(scaffold, to).find(({ atom }) => scaffold.numbers[atom] === 1 && !taken.has(atom))
  if (spare !== undefined) return { design: changeElement(design, [spare.atom], number), atom: spare.atom }
  if (openValence(scaffold, to) < 1) return null
  const [direction] = freeDirections(scaffold, to, 1)
  const grown = attach(scaffold, to, number, direction)
  const atom = grown.numbers.length - 1
  return { design: fitHydrogens(withScaffold(design, grown), [atom]), atom }
}

export function moveAtoms(design: Design, atoms: readonly number[], by: Vec3): Design {
  const { scaffold } = design
  if (scaffold === null) return design
  const chosen = new Set(atoms)
  const positions = scaffold.positions.map((p, i) => (chosen.has(i) ? add(p, by) : p))
  return withScaffold(design, { ...scaffold, positions })
}

/** Bonds two atoms, or parts them (`order` 0), and gives both the hydrogens that they then want. */
export function setBond(design: Design, a: number, b: number, order: number): Design {
  const { scaffold } = design
  if (scaffold === null || a === b || (neighbours(scaffold, a).find((n) => n.atom === b)?.order ?? 0) === order) return design
  const others = scaffold.bonds.filter(([i, j]) => !((i === a && j === b) || (i === b && j === a)))
  const bonds: Bond[] = order === 0 ? others : [...others, [Math.min(a, b), Math.max(a, b), order]]
  return fitHydrogens(withScaffold(design, { ...edited(scaffold), bonds }), [a, b])
}

/** Whether atoms may move in a run, or stay where they are. */
export function setFree(design: Design, atoms: readonly number[], free: boolean): Design {
  const { scaffold } = design
  if (scaffold === null) return design
  const all = new Set(scaffold.free ?? [])
  for (const i of atoms) if (free) all.add(i)
  else all.delete(i)
  if (all.size === (scaffold.free?.length ?? 0)) return design
  const next: Scaffold & { free?: readonly number[] } = { ...scaffold, free: [...all].sort((i, j) => i - j) }
  if (all.size === 0) delete next.free
  return withScaffold(design, next)
}

/** Adds the hydrogens that these atoms lack, and takes away those that they have too many; all heavy atoms without a list. */
export function fitHydrogens(design: Design, atoms?: readonly number[]): Design {
  if (design.scaffold === null) return design
  const chosen = new Set(atoms ?? design.scaffold.numbers.keys())
  const taken = displacedHydrogens(design)
  const surplus = new Set<number>()
  let scaffold = design.scaffold
  for (const i of chosen) {
    if (i < 0 || i >= scaffold.numbers.length || scaffold.numbers[i] === 1) continue
    const lacking = openValence(scaffold, i)
    if (lacking > 0) {
      for (const direction of freeDirections(scaffold, i, lacking)) scaffold = attach(scaffold, i, 1, direction)
    }
    const spare = neighbours(scaffold, i).filter(({ atom }) => scaffold.numbers[atom] === 1 && !taken.has(atom))
    for (const { atom } of spare.slice(0, Math.max(0, -lacking))) surplus.add(atom)
  }
  const fitted = scaffold === design.scaffold ? design : withScaffold(design, scaffold)
  return surplus.size === 0 ? fitted : remove(fitted, surplus)[0]
}

/** One atom whose bonds are not what its element makes, in words. */
export interface ValenceFlaw {
  readonly atom: number
  /** Bonds that it lacks; negative: that it has too many. */
  readonly open: number
  /** Whether hydrogens, more or fewer, put it right. */
  readonly fits: boolean
  readonly words: string
}

export function valenceFlaws(scaffold: Scaffold): ValenceFlaw[] {
  return scaffold.numbers.flatMap((z, atom) => {
    const open = openValence(scaffold, atom)
    if (open === 0) return []
    const name = `${element(z).symbol}${atom + 1}`
    const bonds = Math.abs(open) === 1 ? 'one bond' : `${Math.abs(open)} bonds`
    if (open > 0) return [{ atom, open, fits: true, words: `${name} lacks ${bonds}` }]
    const fits = neighbours(scaffold, atom).filter((n) => scaffold.numbers[n.atom] === 1).length >= -open
    return [{ atom, open, fits, words: `${name} has ${bonds} too many` }]
  })
}

/** The first `most` of them in words, and how many more there are. */
export const inWords = (flaws: readonly ValenceFlaw[], most: number): string =>
  flaws.slice(0, most).map((f) => f.words).join(', ') + (flaws.length > most ? ` and ${flaws.length - most} more` : '')

/** What to do about flaws that no hydrogen puts right. */
export const flawAdvice = (flaws: readonly ValenceFlaw[]): string =>
  flaws.every((f) => f.fits) ? '' : ' Part a bond, or make it another element.'

function attach(scaffold: Scaffold, to: number, number: number, direction: Vec3): Scaffold {
  const atom = scaffold.numbers.length
  const free = scaffold.free?.includes(to) === true ? { free: [...scaffold.free, atom] } : {}
  return {
    ...edited(scaffold),
    ...free,
    numbers: [...scaffold.numbers, number],
    positions: [...scaffold.positions, addScaled(scaffold.positions[to], direction, bondLength(number, scaffold.numbers[to]))],
    bonds: [...scaffold.bonds, [to, atom, 1]],
    ...(scaffold.charges === undefined ? {} : { charges: [...scaffold.charges, 0] }),
  }
}

const edited = (scaffold: Scaffold): Scaffold => ({ ...scaffold, smiles: null })

/** The design on another scaffold of the same atoms, or of more; blobs on sites go along with their hydrogens. */
function withScaffold(design: Design, scaffold: Scaffold): Design {
  const before = design.scaffold
  return { ...design, scaffold, blobs: before === null ? design.blobs : design.blobs.map((b) => followSite(b, before, scaffold)) }
}

/** Without these atoms, and where all others went. A blob whose site goes is bound to nothing. */
function remove(design: Design, gone: ReadonlySet<number>): [Design, ReadonlyMap<number, number>] {
  const { scaffold } = design
  const kept = (scaffold?.numbers ?? []).flatMap((_, i) => (gone.has(i) ? [] : [i]))
  const place = new Map(kept.map((old, k) => [old, k]))
  const blobs = design.blobs.map((b) => onSites(b, sitesOf(b).flatMap((h) => place.get(h) ?? [])))
  if (scaffold === null || kept.length === 0) return [{ ...design, scaffold: null, blobs }, place]
  const { free, charges, ...rest } = scaffold
  const still = (free ?? []).flatMap((i) => place.get(i) ?? [])
  const next: Scaffold = {
    ...edited(rest),
    numbers: kept.map((i) => scaffold.numbers[i]),
    positions: kept.map((i) => scaffold.positions[i]),
    bonds: scaffold.bonds.flatMap(([i, j, order]): Bond[] => {
      const [a, b] = [place.get(i), place.get(j)]
      return a === undefined || b === undefined ? [] : [[a, b, order]]
    }),
    ...(still.length === 0 ? {} : { free: still }),
    ...(charges === undefined ? {} : { charges: kept.map((i) => charges[i]) }),
  }
  return [{ ...design, scaffold: next, blobs }, place]
}
