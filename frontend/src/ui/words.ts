import type { Attempts, Candidate } from '../stream/protocol'
import type { RunError } from '../stream/run'
import { countDifferent } from './same'

/** `2` and `candidate` make `2 candidates`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const FIELDS: Record<string, string> = {
  formula: 'formula',
  heavy_atoms: 'number of heavy atoms',
  center: 'centre',
  covariance: 'widths',
  strictness: 'strictness',
  n_samples: 'number of candidates',
  steps: 'number of steps',
  sampler: 'sampler',
  seed: 'seed',
  positions: 'atom positions',
  numbers: 'atoms',
  attach: 'open sites',
  lambda: 'noise',
}

/** The service's dotted path in words: `blobs.0.covariance` is “Blob 1, widths”. */
export function describeField(field: string): string {
  const parts = field.replace(/^spec\./, '').split('.')
  if (parts[0] === 'blobs' && parts.length > 1) {
    return [`Blob ${Number(parts[1]) + 1}`, fieldWord(parts.at(2))].filter(Boolean).join(', ')
  }
  if (parts[0] === 'scaffold') return ['Scaffold', fieldWord(parts.at(1))].filter(Boolean).join(', ')
  const word = fieldWord(parts.at(0))
  return word.charAt(0).toUpperCase() + word.slice(1)
}

const fieldWord = (key: string | undefined): string => (key === undefined ? '' : (FIELDS[key] ?? key))

export function describeError({ field, detail }: RunError): string {
  return field === null ? detail : `${describeField(field)}: ${detail.replace(`${field}: `, '')}`
}

/** What became of the wish to run failed candidates again. */
export function describeAttempts({ rerun, budget, stopped }: Attempts): string {
  const done = rerun === 0 ? 'None had to be run again' : `Failed ones were run again, ${rerun === 1 ? 'once' : `${rerun} times`}`
  if (stopped !== null) return rerun === 0 ? `Failed ones were not run again: ${stopped}` : `${done}, and then no more: ${stopped}`
  return rerun >= budget && rerun > 0 ? `${done}: that is all the service allows` : done
}

export function describeOutcome(candidates: readonly Candidate[]): string {
  const valid = candidates.filter((c) => c.valid).length
  if (candidates.length === 1) return valid === 1 ? 'Done: the candidate is valid.' : 'Done: the candidate is not valid.'
  if (valid === 0) return `Done: none of ${candidates.length} candidates is valid.`
  const kinds = countDifferent(candidates)
  const alike = valid === kinds ? '' : kinds === 1 ? ', all the same molecule' : `, ${kinds} different molecules`
  return `Done: ${valid} of ${candidates.length} candidates ${valid === 1 ? 'is' : 'are'} valid${alike}.`
}
