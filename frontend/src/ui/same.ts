import type { Candidate } from '../stream/protocol'

/** For each candidate the first before it that is the same molecule, by its canonical SMILES; null where it is new, or none. */
export function firstOfSame(candidates: readonly Pick<Candidate, 'smiles' | 'valid'>[]): (number | null)[] {
  const first = new Map<string, number>()
  return candidates.map(({ smiles, valid }, k) => {
    if (!valid || smiles === null) return null
    const known = first.get(smiles)
    if (known === undefined) first.set(smiles, k)
    return known ?? null
  })
}

/** How many different molecules there are among the valid candidates. */
export const countDifferent = (candidates: readonly Pick<Candidate, 'smiles' | 'valid'>[]): number =>
  new Set(candidates.flatMap(({ smiles, valid }, k) => (valid ? [smiles ?? k] : []))).size
