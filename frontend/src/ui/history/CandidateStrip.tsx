import { useMemo } from 'react'
import type { Design } from '../../document/types'
import type { Candidate } from '../../stream/protocol'
import { useActions, useDocument, useSession } from '../context'
import { useInk } from '../useTheme'
import { designAt } from './places'
import { thumbnailUrl } from './thumbnail'

/** The candidates of one generation, small and side by side; a click goes there. */
export function CandidateStrip(props: { node: number; design: Design; candidates: readonly Candidate[]; picked: ReadonlySet<number> }) {
  const { node, candidates, picked } = props
  const actions = useActions()
  const ink = useInk()
  const history = useDocument((s) => s.history)
  const shown = useSession((s) => (s.mode === 'results' && history.current === node ? s.focus : null))
  const origin = history.nodes.get(node)?.origin
  const urls = useMemo(
    () => candidates.map((_, candidate) => thumbnailUrl(designAt(history, { node, candidate }), ink, 40)),
    // A generation's candidates never change.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [origin, ink],
  )
  return (
    <ol className="history-candidates">
      {candidates.map((candidate, k) => (
        <li key={k}>
          <button
            type="button"
            data-picked={picked.has(k) || undefined}
            data-invalid={!candidate.valid || undefined}
            aria-pressed={shown === k}
            aria-label={`Candidate ${k + 1}: ${whatItIs(candidate)}${picked.has(k) ? ', taken' : ''}`}
            title={candidate.valid ? (candidate.smiles ?? '') : (candidate.reason ?? 'not valid')}
            onClick={() => actions.travels.jump(node, k)}
          >
            <img src={urls[k]} width="40" height="40" alt="" decoding="async" />
          </button>
        </li>
      ))}
    </ol>
  )
}

const whatItIs = ({ valid, smiles, reason }: Candidate): string =>
  valid ? (smiles ?? 'valid') : reason?.startsWith('stopped') === true ? reason : 'not valid'
