import { element } from './elements'

/** Atom indices (first < second) and the bond order. */
export type Bond = readonly [number, number, number]

/** A bond seen while atoms move: `strength` in (0, 1] says how settled it is. */
export interface LiveBond {
  readonly i: number
  readonly j: number
  readonly strength: number
}

/** In units of the summed covalent radii. Between FORM and BREAK a bond stays what it was: no flicker. */
export const FORM = 1.16
export const BREAK = 1.38
const CLASH = 0.62
/** Frames that a new bond takes to become certain, and that a broken one takes to fade. */
const SETTLE_FRAMES = 7

/**
 * Bonds of moving atoms, one call per frame in order. Atoms bond within a molecule only (`ptr [n_molecules + 1]`); no atom
 * takes more neighbours than its valence, nearest first, so a dense early cloud does not look like a net.
 */
export class BondTracker {
  private readonly settled = new Map<number, number>()
  /** Å, and bonds that an atom has room for beside the given ones; every pair of every frame asks for them. */
  private readonly radii: Float64Array
  private readonly room: Int8Array
  private readonly frozen: Uint8Array
  private readonly hydrogen: Uint8Array
  private readonly atoms: number

  constructor(
    numbers: ArrayLike<number>,
    private readonly ptr: ArrayLike<number>,
    /** Bonds between frozen atoms: given, not guessed. */
    private readonly known: readonly Bond[] = [],
    isFrozen: (atom: number) => boolean = () => false,
  ) {
    const elements = Array.from(numbers, element)
    this.radii = Float64Array.from(elements, (e) => e.covalentRadius)
    this.room = Int8Array.from(elements, (e) => e.valence)
    this.frozen = Uint8Array.from(elements, (_, i) => (isFrozen(i) ? 1 : 0))
    this.hydrogen = Uint8Array.from(elements, (_, i) => (numbers[i] === 1 ? 1 : 0))
    this.atoms = elements.length
    for (const [i, j] of known) {
      this.room[i] -= 1
      this.room[j] -= 1
    }
  }

  /** Takes one frame of `positions [n_atoms, 3]` and answers the bonds to draw. */
  update(positions: ArrayLike<number>): LiveBond[] {
    const n = this.atoms
    const present = new Set<number>()
    for (let m = 0; m + 1 < this.ptr.length; m++) this.nearPairs(positions, this.ptr[m], this.ptr[m + 1], present)
    for (const [key, age] of this.settled) {
      if (present.has(key)) continue
      if (age <= 1) this.settled.delete(key)
      else this.settled.set(key, age - 1)
    }
    for (const key of present) {
      const age = this.settled.get(key) ?? 0
      if (age < SETTLE_FRAMES) this.settled.set(key, age + 1)
    }
    const bonds: LiveBond[] = this.known.map(([i, j]) => ({ i, j, strength: 1 }))
    for (const [key, age] of this.settled) {
      bonds.push({ i: Math.floor(key / n), j: key % n, strength: age / SETTLE_FRAMES })
    }
    return bonds
  }

  /** Adds the pairs of one molecule that are near enough to be bonded, nearest first and within each atom's valence. */
  private nearPairs(positions: ArrayLike<number>, start: number, end: number, present: Set<number>): void {
    const { frozen, hydrogen, radii, settled, atoms } = this
    const candidates: { key: number; i: number; j: number; ratio: number }[] = []
    for (let i = start; i < end; i++) {
      const x = positions[3 * i]
      const y = positions[3 * i + 1]
      const z = positions[3 * i + 2]
      for (let j = i + 1; j < end; j++) {
        // In a dense cloud hydrogens crowd together, and mean nothing by it.
        if (hydrogen[i] + hydrogen[j] === 2 || frozen[i] + frozen[j] === 2) continue
        const dx = positions[3 * j] - x
        const dy = positions[3 * j + 1] - y
        const dz = positions[3 * j + 2] - z
        const reach = radii[i] + radii[j]
        const squared = (dx * dx + dy * dy + dz * dz) / (reach * reach)
        if (!(squared < BREAK * BREAK)) continue // most pairs, without a root
        const ratio = Math.sqrt(squared)
        const key = i * atoms + j
        if (ratio > CLASH && (ratio < FORM || settled.has(key))) candidates.push({ key, i, j, ratio })
      }
    }
    candidates.sort((a, b) => a.ratio - b.ratio)
    const room = this.room.slice(start, end)
    for (const { key, i, j } of candidates) {
      if (room[i - start] <= 0 || room[j - start] <= 0) continue
      room[i - start] -= 1
      room[j - start] -= 1
      present.add(key)
    }
  }
}

/** Single bonds guessed from one geometry, for a molecule whose bonds nobody has told. */
export function guessBonds(numbers: ArrayLike<number>, positions: ArrayLike<number>): Bond[] {
  return new BondTracker(numbers, [0, numbers.length]).update(positions).map(({ i, j }) => [i, j, 1])
}
