import { scaffoldFrom } from '../../document/design'
import { inWords, valenceFlaws } from '../../document/edit'
import { currentNode } from '../../document/history'
import type { Scaffold } from '../../document/types'
import type { Candidate } from '../../stream/protocol'
import { useActiveRunButVerdicts, useDocument, useSession } from '../context'
import { candidateLookedAt } from '../session'

/** The molecule that panels tell about, and why it is none if it is not one. */
export interface Shown {
  readonly structure: Scaffold
  /** 0, 1, … for a candidate of the run on show; null for the scaffold. */
  readonly candidate: number | null
  readonly reason: string | null
}

const made = new WeakMap<Candidate, Shown>()

/** The same object every time, so that what is known of it can be kept. */
function ofCandidate(candidate: Candidate, index: number): Shown {
  const known = made.get(candidate)
  if (known !== undefined) return known
  const shown: Shown = {
    structure: scaffoldFrom(candidate),
    candidate: index,
    reason: candidate.valid ? null : (candidate.reason ?? 'not a molecule'),
  }
  made.set(candidate, shown)
  return shown
}

/** Atoms with more bonds than they can have, in words: no service can draw them. Open ones are drawn. */
function overfull(structure: Scaffold): string | null {
  const flaws = valenceFlaws(structure).filter((flaw) => flaw.open < 0)
  return flaws.length === 0 ? null : inWords(flaws, 3)
}

const scaffolds = new WeakMap<Scaffold, Shown>()

function ofScaffold(structure: Scaffold): Shown {
  const shown = scaffolds.get(structure) ?? { structure, candidate: null, reason: overfull(structure) }
  scaffolds.set(structure, shown)
  return shown
}

/**
 * The candidate that is looked at, else the scaffold; null when there is neither. While an atom is dragged the
 * scaffold stays what it was, for every place on the way would be drawn and asked about; `live`: it goes along.
 */
export function useShown(live = false): Shown | null {
  const mode = useSession((s) => s.mode)
  const focus = useSession((s) => s.focus)
  const scaffold = useDocument((s) => (live ? s.design : currentNode(s.history).value).scaffold)
  const record = useActiveRunButVerdicts()
  const chosen = candidateLookedAt({ mode, focus }, record?.run.result?.candidates ?? [])
  if (chosen !== null) return ofCandidate(chosen.candidate, chosen.index)
  return scaffold === null ? null : ofScaffold(scaffold)
}
