import { useEffect, useRef, type ReactNode } from 'react'
import { compositionOf, formatFormula } from '../chemistry/formula'
import { scaffoldFrom } from '../document/design'
import type { Candidate } from '../stream/protocol'
import { candidateState, type CandidateState, type Run, type Verdict } from '../stream/run'
import { useActions, useActiveRun, useSession, useTools } from './context'
import { CheckIcon, CrossIcon } from './icons'
import { drawThumbnail } from './thumbnail'
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
  return <p className="tray-empty">Candidates will form here, side by side. Press <b>Generate</b> to fill the orange blob with atoms.</p>
}

function Cards({ run }: { run: Run }) {
  const focus = useSession((s) => s.focus)
  const list = useRef<HTMLOListElement>(null)
  const count = run.spec.n_samples ?? 1
  useEffect(() => {
    if (focus !== null) list.current?.children.item(focus)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [focus])
  return (
    <ol className="cards" ref={list}>
      {Array.from({ length: count }, (_, k) => (
        <Card key={`${run.reqId}-${k}`} index={k} run={run} verdict={run.verdicts[k]} candidate={run.result?.candidates[k]} />
      ))}
    </ol>
  )
}

function Card(props: { index: number; run: Run; verdict: Verdict | null; candidate: Candidate | undefined }) {
  const { index, run, verdict, candidate } = props
  const actions = useActions()
  const { studio } = useTools()
  const focused = useSession((s) => s.focus === index)
  const hovered = useSession((s) => s.hover === index)
  const hover = (on: boolean) => studio.session.setState({ hover: on ? index : null })
  const state = candidateState(run, index)
  return (
    <li className="card" data-state={state} data-focus={focused || undefined} data-hover={hovered || undefined} onPointerEnter={() => hover(true)} onPointerLeave={() => hover(false)}>
      <button
        type="button"
        className="card-main"
        aria-pressed={focused}
        aria-label={cardLabel(index, state, verdict, candidate)}
        onClick={() => actions.focus(index)}
        onDoubleClick={() => actions.accept(index)}
      >
        <Picture candidate={candidate} />
        <span className="card-text">
          <span className="card-head"><b>{index + 1}</b>{MARKS[state]}</span>
          <CardBody state={state} verdict={verdict} candidate={candidate} />
        </span>
      </button>
      {candidate !== undefined && (
        <button type="button" className="card-use" onClick={() => actions.accept(index)}>
          Use<span className="visually-hidden"> candidate {index + 1} as scaffold</span>
        </button>
      )}
    </li>
  )
}

function cardLabel(index: number, state: CandidateState, verdict: Verdict | null, candidate: Candidate | undefined): string {
  const formula = candidate === undefined ? '' : `, ${formatFormula(compositionOf(candidate.numbers))}`
  const name = `Candidate ${index + 1}${formula}`
  if (state === 'valid') return `${name}, valid: ${verdict?.smiles ?? ''}`
  if (state === 'invalid') return `${name}, not valid: ${verdict?.reason ?? ''}`
  return state === 'promising' ? `${name}, so far ${verdict?.smiles ?? ''}` : `${name}, ${state}`
}

const MARKS: Record<CandidateState, ReactNode> = {
  valid: <span className="mark valid"><CheckIcon />valid</span>,
  invalid: <span className="mark invalid"><CrossIcon />not valid</span>,
  promising: <span className="mark valid">so far</span>,
  forming: <span className="mark">forming…</span>,
  stopped: <span className="mark">stopped</span>,
}

function CardBody({ state, verdict, candidate }: { state: CandidateState; verdict: Verdict | null; candidate: Candidate | undefined }) {
  const formula = candidate === undefined ? '' : formatFormula(compositionOf(candidate.numbers))
  if (state === 'valid' || state === 'promising') return <><span className="smiles" title={verdict?.smiles ?? ''}>{verdict?.smiles}</span><small>{formula}</small></>
  if (state === 'invalid') return <><span className="reason" title={verdict?.reason ?? ''}>{verdict?.reason ?? 'no molecule'}</span><small>{formula}</small></>
  return <span className="skeleton" />
}

const SIZE = 66

function Picture({ candidate }: { candidate: Candidate | undefined }) {
  if (candidate === undefined) return <span className="thumb thumb-empty" />
  const { dots, strokes } = drawThumbnail(scaffoldFrom(candidate), SIZE)
  return (
    <svg className="thumb" viewBox={`0 0 ${SIZE} ${SIZE}`} width={SIZE} height={SIZE} aria-hidden="true">
      {strokes.map((s, k) => <line key={k} x1={s.x1} y1={s.y1} x2={s.x2} y2={s.y2} strokeWidth={1 + 1.1 * s.order} />)}
      {[...dots].sort((a, b) => Number(b.hydrogen) - Number(a.hydrogen)).map((d, k) => <circle key={k} cx={d.x} cy={d.y} r={d.r} fill={d.color} />)}
    </svg>
  )
}
