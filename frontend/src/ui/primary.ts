import { freeHydrogens } from '../document/design'
import { designProblem, type Problem, type SizeLimits } from '../document/spec'
import type { Design } from '../document/types'
import { isLive, type Run } from '../stream/run'
import type { LinkState } from '../stream/socket'
import type { Mode } from './session'
import { plural } from './words'

/** The one next thing to do; the primary button says it and does it. */
export type NextAction =
  | { readonly kind: 'generate'; readonly label: string; readonly note: string | null }
  | { readonly kind: 'again'; readonly label: string; readonly note: string | null }
  | { readonly kind: 'stop'; readonly label: string; readonly note: string | null }
  | { readonly kind: 'accept'; readonly label: string; readonly note: string | null; readonly candidate: number }
  | { readonly kind: 'open-site'; readonly label: string; readonly note: string | null }
  | { readonly kind: 'place-blob'; readonly label: string; readonly note: string | null }
  | { readonly kind: 'fix'; readonly label: string; readonly note: string | null; readonly blob: string; readonly remedy: Problem['remedy'] }
  | { readonly kind: 'reconnect'; readonly label: string; readonly note: string | null }

export interface Situation {
  readonly design: Design
  readonly mode: Mode
  readonly run: Run | null
  /** The design has been edited since the run on show began. */
  readonly edited: boolean
  readonly link: LinkState
  readonly focus: number | null
  readonly limits: SizeLimits
}

const REMEDIES: Record<Problem['remedy'], string> = {
  formula: 'Mend the formula',
  'fewer-atoms': 'Ask for fewer atoms',
  'fewer-candidates': 'Ask for fewer candidates',
}

export function nextAction(situation: Situation): NextAction {
  const { run, mode, focus, edited } = situation
  if (run !== null && isLive(run)) return { kind: 'stop', label: 'Stop', note: 'Esc' }
  const ended = run?.phase === 'done' || (run?.phase === 'cancelled' && run.result !== null)
  if (mode === 'results' && ended && focus !== null && !edited) {
    return { kind: 'accept', label: `Use candidate ${focus + 1} as scaffold`, note: 'Enter', candidate: focus }
  }
  return generation(situation)
}

function generation({ design, link, mode, run, edited, limits }: Situation): NextAction {
  if (design.blobs.length === 0) {
    return freeHydrogens(design).length > 0
      ? { kind: 'open-site', label: 'Open a site', note: 'or click a hydrogen' }
      : { kind: 'place-blob', label: 'Place a blob', note: null }
  }
  const problem = designProblem(design, limits)
  if (problem !== null) return { kind: 'fix', label: REMEDIES[problem.remedy], note: problem.message, blob: problem.blob.id, remedy: problem.remedy }
  if (link.kind !== 'online') {
    const label = link.kind === 'connecting' ? 'Connecting…' : 'Reconnect'
    return { kind: 'reconnect', label, note: link.kind === 'connecting' ? null : 'the service is out of reach' }
  }
  const many = plural(design.settings.samples, 'candidate')
  if (mode === 'results' && run !== null && !edited) return { kind: 'again', label: `Generate ${many} again`, note: 'with a new seed' }
  return { kind: 'generate', label: `Generate ${many}`, note: 'Ctrl Enter' }
}

/** Why nothing can be generated from the design as it is; null when something can. */
export function obstacle(design: Design, limits: SizeLimits): string | null {
  if (design.blobs.length === 0) return 'There is no blob to fill with atoms: click a hydrogen, or place a blob.'
  const problem = designProblem(design, limits)
  if (problem === null) return null
  return problem.remedy === 'formula' ? `A blob cannot be filled: ${problem.message}` : problem.message
}
