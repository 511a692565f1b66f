import type { Vec3 } from '../geometry/vec3'
import type { Bond } from './bonds'
import { element } from './elements'
import type { Named } from './writers'

/** Frames of several molecules that move together. */
export interface Moving {
  readonly numbers: readonly number[]
  /** Molecule m has the atoms `ptr[m]` to `ptr[m + 1]`. */
  readonly ptr: readonly number[]
  readonly frames: readonly MovingFrame[]
  /** Bonds of the finished molecules, in the numbering of the whole. */
  readonly bonds: readonly Bond[]
}

export interface MovingFrame {
  readonly step: number
  /** `[n_atoms, 3]`, Å. */
  readonly positions: ArrayLike<number>
}

/** One or more molecules as extended XYZ, Å with six decimals; formal charges in a column where there are any. */
export function toExtXyz(molecules: readonly Named[]): string {
  return molecules.map(({ numbers, positions, charges = [], name }) => {
    const charged = charges.some((q) => q !== 0)
    const columns = `species:S:1:pos:R:3${charged ? ':formal_charge:I:1' : ''}`
    const total = charged ? ` charge=${charges.reduce((a, b) => a + b, 0)}` : ''
    const atoms = numbers.map((z, i) => `${xyzRow(z, positions[i])}${charged ? ` ${String(charges[i]).padStart(2)}` : ''}\n`)
    return `${numbers.length}\nProperties=${columns}${total} name=${quoted(name)} pbc="F F F"\n${atoms.join('')}`
  }).join('')
}

/** One molecule as PDB, Å with three decimals: a double bond is named twice in its CONECT records. Several become models. */
export function toPdb(molecules: readonly Named[]): string {
  const blocks = molecules.map(({ numbers, positions, bonds, charges, name }) =>
    `COMPND    ${oneLine(name, 70)}\n${pdbRows(numbers, [0, numbers.length], positions.flat(), charges)}${conect(bonds)}`,
  )
  if (blocks.length === 1) return `${blocks[0]}END\n`
  return `${blocks.map((block, k) => `${model(k + 1)}${block}ENDMDL\n`).join('')}END\n`
}

/** A trajectory as extended XYZ: each frame is one block for each molecule. */
export function movingExtXyz({ numbers, ptr, frames }: Moving): string {
  return frames.flatMap(({ step, positions }, frame) =>
    ptr.slice(0, -1).map((start, molecule) => {
      const end = ptr[molecule + 1]
      const atoms = numbers.slice(start, end).map((z, i) => `${xyzRow(z, at(positions, start + i))}\n`)
      const info = `Properties=species:S:1:pos:R:3 frame=${frame} molecule=${molecule} step=${step} pbc="F F F"`
      return `${end - start}\n${info}\n${atoms.join('')}`
    }),
  ).join('')
}

/**
 * A trajectory as PDB: one model for each frame, each molecule a residue in a chain of its own. The bonds stand in the first model:
 * after the last RDKit and Open Babel would not find them.
 */
export function movingPdb({ numbers, ptr, frames, bonds }: Moving): string {
  const models = frames.map(({ positions }, k) => `${model(k + 1)}${pdbRows(numbers, ptr, positions)}${k === 0 ? conect(bonds) : ''}ENDMDL\n`)
  return `${models.join('')}END\n`
}

const at = (positions: ArrayLike<number>, i: number): Vec3 => [positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]]

const xyzRow = (number: number, [x, y, z]: Vec3): string =>
  `${element(number).symbol.padEnd(2)}${[x, y, z].map((v) => v.toFixed(6).padStart(13)).join('')}`

const CHAINS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const MOST_PDB_ATOMS = 99_999

function pdbRows(numbers: readonly number[], ptr: readonly number[], positions: ArrayLike<number>, charges: readonly number[] = []): string {
  if (numbers.length > MOST_PDB_ATOMS) throw new RangeError(`PDB holds at most ${MOST_PDB_ATOMS} atoms`)
  const rows: string[] = []
  for (let molecule = 0; molecule + 1 < ptr.length; molecule++) {
    const counts = new Map<number, number>()
    for (let i = ptr[molecule]; i < ptr[molecule + 1]; i++) {
      const { symbol } = element(numbers[i])
      const nth = (counts.get(numbers[i]) ?? 0) + 1
      counts.set(numbers[i], nth)
      const name = `${symbol}${nth}`
      const place = [...at(positions, i)].map(pdbNumber).join('')
      const chain = CHAINS.charAt(molecule % CHAINS.length)
      rows.push(
        `HETATM${String(i + 1).padStart(5)} ${(symbol.length === 1 && name.length < 4 ? ` ${name}` : name).padEnd(4).slice(0, 4)} LIG ${chain}` +
          `${String((molecule + 1) % 10_000).padStart(4)}    ${place}  1.00  0.00          ${symbol.toUpperCase().padStart(2)}${pdbCharge(charges.at(i) ?? 0)}\n`,
      )
    }
  }
  return rows.join('')
}

function pdbNumber(value: number): string {
  const text = value.toFixed(3)
  if (text.length > 8) throw new RangeError(`PDB has no room for a coordinate of ${value.toFixed(0)} Å`)
  return text.padStart(8)
}

const pdbCharge = (charge: number): string => (charge === 0 ? '  ' : `${Math.abs(charge)}${charge > 0 ? '+' : '-'}`)

const model = (number: number): string => `MODEL     ${String(number % 10_000).padStart(4)}\n`

/** Both ways, four to a line, a partner as often as the bond's order. */
function conect(bonds: readonly Bond[]): string {
  const partners = new Map<number, number[]>()
  const add = (i: number, j: number, order: number) => {
    const list = partners.get(i) ?? []
    for (let k = 0; k < order; k++) list.push(j + 1)
    partners.set(i, list)
  }
  for (const [i, j, order] of bonds) {
    add(i, j, order)
    add(j, i, order)
  }
  const lines: string[] = []
  for (const [i, others] of [...partners].sort(([a], [b]) => a - b)) {
    others.sort((a, b) => a - b)
    for (let k = 0; k < others.length; k += 4) {
      lines.push(`CONECT${[i + 1, ...others.slice(k, k + 4)].map((n) => String(n).padStart(5)).join('')}\n`)
    }
  }
  return lines.join('')
}

/** No line breaks, no control characters, and no longer than the format allows. */
// eslint-disable-next-line no-control-regex
const oneLine = (text: string, most: number): string => text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim().slice(0, most)

const quoted = (text: string): string => `"${oneLine(text, 200).replace(/["\\]/g, '\\$&')}"`
