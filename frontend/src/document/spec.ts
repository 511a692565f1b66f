import type { Bond } from '../chemistry/bonds'
import { atomCount, parseFormula, sum, valenceProblem, type Composition } from '../chemistry/formula'
import { covariance } from '../geometry/ellipsoid'
import type { BlobSpec, GenerateSpec, Limits, ScaffoldSpec } from '../stream/protocol'
import { displacedHydrogens } from './design'
import { anchorOf, sitesOf } from './placement'
import type { Design, GaussianBlob, Scaffold } from './types'

/** How much the service takes at once; null while it has not told. */
export type SizeLimits = Pick<Limits, 'max_atoms_per_molecule' | 'max_total_atoms'> | null

/** What keeps a blob from being generated: in a few words, and what can be done about it. */
export interface Problem {
  readonly message: string
  readonly remedy: 'formula' | 'fewer-atoms' | 'fewer-candidates'
}

/**
 * Why this blob cannot be generated, in a few words for the inspector, or null. Blobs that are bound to nothing grow into one
 * molecule together, so their atoms are judged together; and all of a design are counted together.
 */
export function blobProblem(design: Design, blob: GaussianBlob, limits: SizeLimits = null): string | null {
  return problemOf(design, blob, limits)?.message ?? null
}

function problemOf(design: Design, blob: GaussianBlob, limits: SizeLimits): Problem | null {
  const message = contentProblem(design, blob)
  return message === null ? sizeProblem(design, limits) : { message, remedy: 'formula' }
}

function sizeProblem(design: Design, limits: SizeLimits): Problem | null {
  if (limits === null) return null
  const { samples } = design.settings
  const each = countedAtoms(design)
  const most = Math.min(limits.max_atoms_per_molecule, limits.max_total_atoms)
  if (each > most) return { message: `${each} atoms in all are too many: the service takes ${most} a molecule.`, remedy: 'fewer-atoms' }
  const fitting = Math.floor(limits.max_total_atoms / each)
  if (samples <= fitting) return null
  const message = `${samples} candidates of ${each} atoms are too many: the service takes ${limits.max_total_atoms} atoms at once, so ${fitting} of them.`
  return { message, remedy: 'fewer-candidates' }
}

/** Atoms of a candidate as the service counts them: random heavy atoms with all the hydrogens that they may bring. */
function countedAtoms(design: Design): number {
  const blobs = design.blobs.map(({ content }) => {
    if (content.kind === 'random') return 3 * content.heavyAtoms + 2
    const parsed = parseFormula(content.text)
    return parsed.ok ? atomCount(parsed.composition) : 0
  })
  return blobs.reduce((a, b) => a + b, (design.scaffold?.numbers.length ?? 0) - displacedHydrogens(design).size)
}

function contentProblem(design: Design, blob: GaussianBlob): string | null {
  if (blob.content.kind === 'random') return null
  const parsed = parseFormula(blob.content.text)
  if (!parsed.ok) return parsed.reason
  if (blob.site !== null) return valenceProblem(parsed.composition, sitesOf(blob).length)
  const compositions: Composition[] = []
  for (const { content } of design.blobs.filter((b) => b.site === null)) {
    const other = content.kind === 'formula' ? parseFormula(content.text) : null
    if (!other?.ok) return null // open until the other blob is known
    compositions.push(other.composition)
  }
  return valenceProblem(sum(compositions), 0)
}

/** The first blob that cannot be generated, and why. */
export function designProblem(design: Design, limits: SizeLimits = null): (Problem & { blob: GaussianBlob }) | null {
  for (const blob of design.blobs) {
    const problem = problemOf(design, blob, limits)
    if (problem !== null) return { blob, ...problem }
  }
  return null
}

/** A scaffold without the hydrogens that blobs displace; `kept[k]` is the old index of atom k. */
export interface OpenedScaffold extends Scaffold {
  readonly kept: readonly number[]
  readonly attach: readonly number[]
}

/** What is frozen in a run: the scaffold without displaced hydrogens and without freed atoms. Null when nothing is. */
export function openScaffold(design: Design): OpenedScaffold | null {
  const { scaffold } = design
  if (scaffold === null) return null
  const gone = new Set([...displacedHydrogens(design), ...(scaffold.free ?? [])])
  return pick(design, scaffold, scaffold.numbers.flatMap((_, i) => (gone.has(i) ? [] : [i])))
}

/** The scaffold without displaced hydrogens, whether its atoms are frozen or not: what the page shows. */
export function keptScaffold(design: Design): OpenedScaffold | null {
  const { scaffold } = design
  if (scaffold === null) return null
  const gone = displacedHydrogens(design)
  return pick(design, scaffold, scaffold.numbers.flatMap((_, i) => (gone.has(i) ? [] : [i])))
}

/** Atoms of the scaffold that may move in a run, beginning where they are. Null when there are none. */
export function looseAtoms(design: Design): Pick<Scaffold, 'numbers' | 'positions'> | null {
  const { scaffold } = design
  const gone = displacedHydrogens(design)
  const loose = (scaffold?.free ?? []).filter((i) => !gone.has(i))
  if (scaffold === null || loose.length === 0) return null
  return { numbers: loose.map((i) => scaffold.numbers[i]), positions: loose.map((i) => scaffold.positions[i]) }
}

function pick(design: Design, scaffold: Scaffold, kept: readonly number[]): OpenedScaffold | null {
  if (kept.length === 0) return null
  const newIndex = new Map(kept.map((old, k) => [old, k]))
  const bonds = scaffold.bonds.flatMap(([i, j, order]): Bond[] => {
    const a = newIndex.get(i)
    const b = newIndex.get(j)
    return a === undefined || b === undefined ? [] : [[a, b, order]]
  })
  const attach = design.blobs.flatMap(sitesOf).flatMap((site) => newIndex.get(anchorOf(scaffold, site)) ?? [])
  return {
    numbers: kept.map((i) => scaffold.numbers[i]),
    positions: kept.map((i) => scaffold.positions[i]),
    bonds,
    smiles: scaffold.smiles,
    kept,
    attach,
  }
}

function blobSpec(blob: GaussianBlob): BlobSpec {
  const content: BlobSpec =
    blob.content.kind === 'random'
      ? { heavy_atoms: blob.content.heavyAtoms }
      : { formula: blob.content.text.replace(/[₀-₉]/g, (d) => String(d.charCodeAt(0) - 0x2080)).replace(/\s+/g, '') }
  return {
    ...content,
    center: blob.center,
    covariance: covariance(blob.widths, blob.rotation),
    placed: true,
    strictness: blob.strictness,
  }
}

/** What goes over the wire for this design. */
export function toSpec(design: Design): GenerateSpec {
  const opened = openScaffold(design)
  const scaffold: ScaffoldSpec | null =
    opened === null ? null : { numbers: opened.numbers, positions: opened.positions, attach: opened.attach }
  const { samples, steps, sampler, seed, noise, validOnly } = design.settings
  const loose = looseAtoms(design)
  const blobs: BlobSpec[] = design.blobs.map(blobSpec)
  if (loose !== null) blobs.push({ ...loose, placed: false })
  return {
    n_samples: samples, sampler, steps, seed, blobs, scaffold,
    ...(noise !== null && sampler === 'sdd' ? { lambda: noise } : {}),
    ...(validOnly ? { valid_only: true } : {}),
  }
}
