import { acceptCandidate } from '../../document/design'
import { nodeOf, type History } from '../../document/history'
import type { Design } from '../../document/types'
import type { Place } from '../desk'

/** What a place in the history shows: the snapshot, or the candidate as it would be after picking it. */
export function designAt(history: History<Design>, { node, candidate }: Place): Design {
  const { value, origin } = nodeOf(history, node)
  const chosen = candidate === null || origin.kind !== 'generation' ? undefined : origin.generation.candidates.at(candidate)
  return chosen === undefined ? value : acceptCandidate(value, chosen)
}

export function placeName(history: History<Design>, { node, candidate }: Place): string {
  const { name, label } = nodeOf(history, node)
  return candidate === null ? (name ?? label) : `${name ?? label}, candidate ${candidate + 1}`
}
