import { movingExtXyz, movingPdb, toExtXyz, toPdb, type Moving } from '../chemistry/formats'
import { compositionOf, formatFormula } from '../chemistry/formula'
import { toMol, toSdf, toXyz, type Named, type Structure } from '../chemistry/writers'
import { scaffoldFrom } from '../document/design'
import { propertiesOf } from '../service/molecules'
import type { Candidate } from '../stream/protocol'
import { reelOf, type Studio } from '../studio'
import { candidateLookedAt } from './session'

export type NamedStructure = Named
export type FileFormat = 'sdf' | 'mol' | 'xyz' | 'extxyz' | 'pdb'
export type TrajectoryFormat = 'extxyz' | 'pdb'

interface FormatFacts {
  readonly title: string
  readonly note: string
  readonly type: string
  /** Whether a file may hold several molecules. */
  readonly many: boolean
  readonly write: (molecules: readonly NamedStructure[]) => string
}

export const FORMATS: Readonly<Record<FileFormat, FormatFacts>> = {
  sdf: { title: 'SDF', note: 'with bonds', type: 'chemical/x-mdl-sdfile', many: true, write: toSdf },
  mol: { title: 'MOL', note: 'one molecule, with bonds', type: 'chemical/x-mdl-molfile', many: false, write: ([one]) => toMol(one) },
  xyz: { title: 'XYZ', note: 'coordinates only', type: 'chemical/x-xyz', many: true, write: toXyz },
  extxyz: { title: 'extXYZ', note: 'coordinates with facts', type: 'chemical/x-extxyz', many: true, write: toExtXyz },
  pdb: { title: 'PDB', note: 'for viewers', type: 'chemical/x-pdb', many: true, write: toPdb },
}

function chosenCandidate({ session, runs }: Studio): { readonly index: number; readonly candidate: Candidate } | null {
  return candidateLookedAt(session.getState(), runs.active?.run.result?.candidates ?? [])
}

/** What “the molecule” is now: a candidate, else the scaffold. */
export function currentStructure(studio: Studio): NamedStructure | null {
  const chosen = chosenCandidate(studio)
  const structure = chosen === null ? studio.document.getState().design.scaffold : scaffoldFrom(chosen.candidate)
  return structure === null ? null : named(structure)
}

/** Which molecule that is, in words. */
export function currentTitle(studio: Studio): string {
  const chosen = chosenCandidate(studio)
  return chosen === null ? 'the scaffold' : `candidate ${chosen.index + 1}`
}

export function candidateStructures({ runs }: Studio): NamedStructure[] {
  return (runs.active?.run.result?.candidates ?? []).map((candidate) => named(scaffoldFrom(candidate)))
}

/** The SMILES of “the molecule”: null when it has none, and for a scaffold that was edited by hand one that the service has to be asked for. */
export function currentSmiles(studio: Studio): string | (() => Promise<string>) | null {
  const chosen = chosenCandidate(studio)
  const { scaffold } = studio.document.getState().design
  if (chosen !== null) return chosen.candidate.smiles
  return scaffold === null ? null : (scaffold.smiles ?? (() => propertiesOf(scaffold).then(({ smiles }) => smiles)))
}

/** The frames of the run on show; null when it has fewer than two. */
export function currentTrajectory({ runs }: Studio): Moving | null {
  const record = runs.active
  const trajectory = record === null ? null : runs.trajectory(record.run.reqId)
  if (record === null || trajectory === null || reelOf(runs).available < 2) return null
  const { ptr, numbers } = trajectory.topology
  const bonds = (record.run.result?.candidates ?? []).flatMap((candidate, m) =>
    candidate.bonds.map(([i, j, order]) => [i + ptr[m], j + ptr[m], order] as const),
  )
  return { ptr, numbers, bonds, frames: trajectory.frames }
}

/** Hands the browser a file of molecules; answers its name, or null when there is nothing to save. */
export function saveMolecules(molecules: readonly NamedStructure[], format: FileFormat): string | null {
  if (molecules.length === 0) return null
  const { many, type, write } = FORMATS[format]
  if (molecules.length > 1 && !many) throw new RangeError(`A ${FORMATS[format].title} file holds one molecule.`)
  const stem = molecules.length === 1 ? formatFormula(compositionOf(molecules[0].numbers)) : 'candidates'
  return saveBlob(new Blob([write(molecules)], { type }), `${stem}.${format}`)
}

export function saveTrajectory(moving: Moving, format: TrajectoryFormat): string {
  const text = format === 'extxyz' ? movingExtXyz(moving) : movingPdb(moving)
  return saveBlob(new Blob([text], { type: FORMATS[format].type }), `trajectory.${format}`)
}

/** Hands the browser a file; answers its name. */
export function saveBlob(blob: Blob, name: string): string {
  const url = URL.createObjectURL(blob)
  const link = window.document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000) // some browsers read it a little later
  return name
}

const named = (structure: Structure & { readonly smiles: string | null }): NamedStructure => ({
  ...structure,
  name: structure.smiles ?? formatFormula(compositionOf(structure.numbers)),
})
