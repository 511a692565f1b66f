import { memo, useCallback, useEffect, useMemo, useRef, type ReactNode } from 'react'
import { compositionOf, formatFormula } from '../chemistry/formula'
import { scaffoldFrom } from '../document/design'
import type { Candidate } from '../stream/protocol'
import { candidateState, type CandidateState, type Run, type Verdict } from '../stream/run'
import { depict } from '../service/molecules'
import { CardFigures } from './CardFigures'
import { useActions, useActiveRun, useDesign, useSession, useTools } from './context'
import { CheckIcon, CompareIcon, CrossIcon } from './icons'
import { explainReason } from './reasons'
import { firstOfSame } from './same'
import { drawThumbnail } from './thumbnail'
import { useAnswer } from './useAnswer'
import { useShownTheme } from './useTheme'
import { Timeline } from './Timeline'

/** Candidates and the timeline of the run on show. Its height never changes. */
export function Tray() {
  const record = useActiveRun()
  return (
    <section className="tray" aria-label="Candidates">
      {record === null ? <EmptyTray /> : <Cards run={record.run} />}
      <Timeline />
    </section>
  )
}

function EmptyTray() {
  const [blobs, grown] = [useDesign((d) => d.blobs.length > 0), useDesign((d) => d.scaffold !== null)]
  const how = blobs ? <>Press <b>Generate</b> to fill the orange blob with atoms.</> : grown ? <>Click a hydrogen first: a blob opens in its place.</> : <>Place a blob first: it says where atoms shall be.</>
  return <p className="tray-empty">Candidates will form here, side by side. {how}</p>
}

function Cards({ run }: { run: Run }) {
  const focus = useSession((s) => s.focus)
  const list = useRef<HTMLOListElement>(null)
  const count = run.spec.n_samples ?? 1
  const same = useMemo(() => firstOfSame(run.result?.candidates ?? []), [run.result])
  useEffect(() => {
    if (focus !== null) list.current?.children.item(focus)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [focus])
  return (
    <ol className="cards" ref={list}>
      {Array.from({ length: count }, (_, k) => (
        <Card
          key={`${run.reqId}-${k}`}
          index={k}
          reqId={run.reqId}
          steps={run.spec.steps ?? 64}
          state={candidateState(run, k)}
          verdict={run.verdicts[k]}
          candidate={run.result?.candidates[k]}
          same={same.at(k) ?? null}
        />
      ))}
    </ol>
  )
}

interface CardProps {
  readonly index: number
  readonly reqId: string
  readonly steps: number
  readonly state: CandidateState
  readonly verdict: Verdict | null
  readonly candidate: Candidate | undefined
  readonly same: number | null
}

/** Drawn again only when something about this very candidate has changed. */
const Card = memo(function Card({ index, reqId, steps, state, verdict, candidate, same }: CardProps) {
  const actions = useActions()
  const { studio } = useTools()
  const focused = useSession((s) => s.focus === index)
  const beside = useSession((s) => (s.focus === index ? null : s.focus))
  const hovered = useSession((s) => s.hover === index)
  const formula = <small className="card-formula">{candidate === undefined ? '' : formatFormula(compositionOf(candidate.numbers))}</small>
  const hover = (on: boolean) => studio.session.setState({ hover: on ? index : null })
  return (
    <li className="card" data-state={state} data-focus={focused || undefined} data-hover={hovered || undefined} onPointerEnter={() => hover(true)} onPointerLeave={() => hover(false)}>
      <button
        type="button"
        className="card-main"
        aria-pressed={focused}
        onClick={() => actions.running.focus(index)}
        onDoubleClick={() => actions.running.accept(index)}
      >
        <Picture candidate={candidate} />
        <span className="card-text">
          <span className="card-head"><b><span className="visually-hidden">Candidate </span>{index + 1}</b>{MARKS[state]}</span>
          <CardBody state={state} verdict={verdict} candidate={candidate} />
          {state === 'valid' && (
            <span className="card-facts">
              {formula}
              {same !== null && <small title={`The same molecule as candidate ${same + 1}, perhaps in another shape`}><span>same </span>as {same + 1}</small>}
            </span>
          )}
          <span className="card-foot">
            {state !== 'valid' && formula}
            <CardFigures reqId={reqId} sample={index} steps={steps} candidate={candidate} />
          </span>
        </span>
      </button>
      {candidate !== undefined && beside !== null && (
        <button type="button" className="card-compare" aria-label={`Compare candidate ${index + 1} with candidate ${beside + 1}`} title={`Compare with candidate ${beside + 1}`} onClick={() => actions.travels.compareCandidates(index)}>
          <CompareIcon />
        </button>
      )}
      {candidate !== undefined && (
        <button type="button" className="card-use" onClick={() => actions.running.accept(index)}>
          Use<span className="visually-hidden"> candidate {index + 1} as scaffold</span>
        </button>
      )}
    </li>
  )
})

const MARKS: Record<CandidateState, ReactNode> = {
  valid: <span className="mark valid"><CheckIcon />valid</span>,
  invalid: <span className="mark invalid"><CrossIcon />not valid</span>,
  promising: <span className="mark valid">so far</span>,
  forming: <span className="mark">forming…</span>,
  stopped: <span className="mark">stopped</span>,
  failed: <span className="mark invalid"><CrossIcon />failed</span>,
}

function CardBody({ state, verdict, candidate }: { state: CandidateState; verdict: Verdict | null; candidate: Candidate | undefined }) {
  if (state === 'valid' || state === 'promising') return <span className="smiles" title={verdict?.smiles ?? ''}>{verdict?.smiles}</span>
  if (state === 'forming') return <span className="skeleton" />
  if (state === 'failed') return null // why stands beside the primary button, once for all
  const { short, advice } = explainReason(verdict?.reason ?? candidate?.reason ?? null)
  return <span className="reason" title={`${short}. ${advice}`}>{short}</span>
}

/** Wider than high, as most drawings are: long molecules need the width. */
const [WIDTH, HEIGHT] = [110, 80]

/** The structural formula of a molecule; what is none, or cannot be drawn, is shown as its atoms lie. */
function Picture({ candidate }: { candidate: Candidate | undefined }) {
  const theme = useShownTheme()
  const asked = useMemo(() => (candidate?.valid === true ? { candidate, theme } : null), [candidate, theme])
  const ask = useCallback((one: NonNullable<typeof asked>) => depict(scaffoldFrom(one.candidate), { width: 2 * WIDTH, height: 2 * HEIGHT, theme: one.theme }), [])
  const answer = useAnswer(asked, ask)
  if (candidate === undefined || answer.state === 'asked') return <span className="thumb thumb-empty" />
  if (answer.state === 'known') return <img className="thumb" src={`data:image/svg+xml,${encodeURIComponent(answer.answer.svg)}`} width={WIDTH} height={HEIGHT} alt="" />
  return <FlatPicture candidate={candidate} />
}

function FlatPicture({ candidate }: { candidate: Candidate }) {
  const { dots, strokes } = useMemo(() => drawThumbnail(scaffoldFrom(candidate), HEIGHT), [candidate])
  return (
    <svg className="thumb" viewBox={`0 0 ${HEIGHT} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      {strokes.map((s, k) => <line key={k} x1={s.x1} y1={s.y1} x2={s.x2} y2={s.y2} strokeWidth={1 + 1.1 * s.order} />)}
      {[...dots].sort((a, b) => Number(b.hydrogen) - Number(a.hydrogen)).map((d, k) => <circle key={k} cx={d.x} cy={d.y} r={d.r} fill={d.color} />)}
    </svg>
  )
}
