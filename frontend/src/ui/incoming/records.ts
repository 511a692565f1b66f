import { element } from '../../chemistry/elements'
import { guessBonds } from '../../chemistry/bonds'
import { compositionOf, formatFormula } from '../../chemistry/formula'
import type { Scaffold } from '../../document/types'
import type { MoleculeOut, Record as FileRecord } from '../../service/molecule_types'

/** One record of a file as the page can use it: a scaffold with what is worth saying of it, or why it cannot be one. */
export type Incoming =
  | { readonly ok: true; readonly index: number; readonly title: string; readonly scaffold: Scaffold; readonly notes: readonly string[] }
  | { readonly ok: false; readonly index: number; readonly reason: string }

export function incoming({ index, molecule, error }: FileRecord): Incoming {
  if (molecule === null) return { ok: false, index, reason: error ?? 'There is no molecule.' }
  const strange = strangers(molecule.numbers)
  if (strange.length > 0) {
    return { ok: false, index, reason: `${strange.join(', ')}: the model knows C, H, N, O and F only.` }
  }
  return { ok: true, index, title: titleOf(molecule), scaffold: scaffoldOf(molecule), notes: notesOf(molecule) }
}

/** Elements that the page does not know, by symbol or number. */
function strangers(numbers: readonly number[]): string[] {
  const found = new Set<number>()
  for (const z of numbers) if (element(z).number === 0) found.add(z)
  return [...found].sort((a, b) => a - b).map((z) => SYMBOLS[z] ?? `element ${z}`)
}

/** Those that chemists are most likely to bring along. */
const SYMBOLS: Readonly<Partial<Record<number, string>>> = {
  3: 'Li', 5: 'B', 11: 'Na', 12: 'Mg', 14: 'Si', 15: 'P', 16: 'S', 17: 'Cl', 19: 'K', 20: 'Ca', 26: 'Fe', 29: 'Cu', 30: 'Zn', 34: 'Se', 35: 'Br', 53: 'I',
}

function scaffoldOf({ numbers, positions, bonds, smiles, charges }: MoleculeOut): Scaffold {
  return {
    numbers,
    positions,
    bonds: bonds ?? guessBonds(numbers, positions.flat()),
    smiles,
    ...(charges.some((q) => q !== 0) ? { charges } : {}),
  }
}

const titleOf = ({ name, smiles, numbers }: MoleculeOut): string => {
  const trimmed = name.trim()
  return trimmed !== '' ? trimmed : (smiles ?? formatFormula(compositionOf(numbers)))
}

function notesOf({ added_hydrogens: added, embedded, charges, reason }: MoleculeOut): string[] {
  return [
    ...(embedded ? ['Its shape was made from its bonds, since the text had none.'] : []),
    ...(!embedded && added > 0 ? [`${added} ${added === 1 ? 'hydrogen was' : 'hydrogens were'} added.`] : []),
    ...(charges.some((q) => q !== 0) ? ['It has charged groups, which the model does not know: what grows from it will not count as valid.'] : []),
    ...(reason !== null ? [`Its bonds are guessed: ${reason}`] : []),
  ]
}

/** A document of this page's own, which opens instead of becoming a molecule. */
export function isDesignFile(text: string): boolean {
  return /^\s*\{/.test(text) && /"format"\s*:\s*"gpff-(design|saved-design)"/.test(text.slice(0, 2_000))
}
