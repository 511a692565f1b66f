import { compositionOf, formatFormula } from '../chemistry/formula'
import { toSdf, toXyz, type Structure } from '../chemistry/writers'
import { scaffoldFrom } from '../document/design'
import type { Studio } from '../studio'

export type NamedStructure = Structure & { readonly name: string }
export type FileFormat = 'sdf' | 'xyz'

/** What “the molecule” is now: the candidate in focus, else the scaffold. */
export function currentStructure({ session, runs, document }: Studio): NamedStructure | null {
  const { mode, focus } = session.getState()
  const chosen = mode === 'results' && focus !== null ? runs.active?.run.result?.candidates.at(focus) : undefined
  const structure = chosen === undefined ? document.getState().design.scaffold : scaffoldFrom(chosen)
  return structure === null ? null : named(structure)
}

export function candidateStructures({ runs }: Studio): NamedStructure[] {
  return (runs.active?.run.result?.candidates ?? []).map((candidate) => named(scaffoldFrom(candidate)))
}

/** Hands the browser a file; answers its name, or null when there is nothing to save. */
export function saveMolecules(molecules: readonly NamedStructure[], format: FileFormat): string | null {
  if (molecules.length === 0) return null
  const stem = molecules.length === 1 ? formatFormula(compositionOf(molecules[0].numbers)) : 'candidates'
  const [text, type] = format === 'sdf' ? [toSdf(molecules), 'chemical/x-mdl-sdfile'] : [toXyz(molecules), 'chemical/x-xyz']
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = window.document.createElement('a')
  link.href = url
  link.download = `${stem}.${format}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000) // some browsers read it a little later
  return link.download
}

const named = (structure: Structure & { readonly smiles: string | null }): NamedStructure => ({
  ...structure,
  name: structure.smiles ?? formatFormula(compositionOf(structure.numbers)),
})
