import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { flushSync } from 'react-dom'
import type { Generation } from '../../document/history'
import { treeRows, type TreeRow } from '../../document/tree'
import type { Design } from '../../document/types'
import { useActions, useDesk, useDocument, useSession } from '../context'
import { IconButton } from '../controls'
import { CompareIcon, PencilIcon } from '../icons'
import { useInk } from '../useTheme'
import { plural } from '../words'
import { CandidateStrip } from './CandidateStrip'
import { ComparePanel } from './ComparePanel'
import { ago, summary } from './rows'
import { thumbnailUrl } from './thumbnail'

/** The whole history as a list: what led here, what redo leads to, and every branch that was left. */
export function HistoryPanel() {
  const compared = useDesk((d) => d.compared)
  const mode = useSession((s) => s.mode)
  const [left, setLeft] = useState<number | null>(null)
  return compared !== null && mode === 'compare' ? <ComparePanel places={compared} onLeave={setLeft} /> : <HistoryList focus={left} />
}

/** `focus`: the node whose line has the keys, as it had them before a comparison. */
function HistoryList({ focus }: { focus: number | null }) {
  const history = useDocument((s) => s.history)
  const rows = useMemo(() => treeRows(history), [history])
  const list = useRef<HTMLOListElement>(null)
  const picked = useMemo(() => pickedCandidates(rows), [rows])
  const { current } = history
  useEffect(() => {
    list.current?.querySelector(`[data-node="${current}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [current])
  useEffect(() => {
    if (focus !== null) list.current?.querySelector<HTMLElement>(`[data-node="${focus}"] .history-go`)?.focus()
  }, [focus])
  return (
    <ol className="history" ref={list} aria-label="History" onKeyDown={roam}>
      {rows.map((row) => <Row key={row.node.id} row={row} picked={picked.get(row.node.id)} />)}
    </ol>
  )
}

/** Arrow keys go from line to line. */
function roam(event: KeyboardEvent<HTMLOListElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  const here = event.target instanceof Element ? event.target.closest('.history-go') : null
  if (step === 0 || here === null) return
  const all = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('.history-go')]
  all.at(Math.min(all.length - 1, Math.max(0, all.indexOf(here as HTMLButtonElement) + step)))?.focus()
  event.preventDefault()
  event.stopPropagation()
}

function pickedCandidates(rows: readonly TreeRow<Design>[]): Map<number, Set<number>> {
  const picked = new Map<number, Set<number>>()
  for (const { node } of rows) {
    if (node.origin.kind !== 'pick' || node.parent === null) continue
    picked.set(node.parent, (picked.get(node.parent) ?? new Set()).add(node.origin.candidate))
  }
  return picked
}

function Row({ row, picked }: { row: TreeRow<Design>; picked: ReadonlySet<number> | undefined }) {
  const { node, depth, place, forks } = row
  const actions = useActions()
  const ink = useInk()
  const [naming, setNaming] = useState(false)
  const line = useRef<HTMLButtonElement>(null)
  const named = (name: string | null, byKey: boolean) => {
    if (name !== null && name !== (node.name ?? '')) actions.travels.nameNode(node.id, name)
    flushSync(() => setNaming(false))
    if (byKey) line.current?.focus()
  }
  const generation = node.origin.kind === 'generation' ? node.origin.generation : null
  const title = node.name ?? node.label
  return (
    <li className="history-row" data-node={node.id} data-place={place} data-forks={forks || undefined} style={{ marginInlineStart: Math.min(depth, 6) * 14 }}>
      <div className="history-line">
        {naming ? (
          <NameField name={node.name ?? ''} label={node.label} onDone={named} />
        ) : (
          <button type="button" ref={line} className="history-go" aria-current={place === 'current' ? 'step' : undefined} onClick={() => actions.travels.jump(node.id)} onDoubleClick={() => setNaming(true)}>
            <img src={thumbnailUrl(node.value, ink)} width="44" height="44" alt="" decoding="async" />
            <span className="history-words">
              <b>{title}</b>
              <small>{[node.name === null ? null : node.label, generation === null ? ago(node.at) : summary(node.value, generation)].filter(Boolean).join(' · ')}</small>
            </span>
          </button>
        )}
        {!naming && (
          <span className="history-tools">
            {place !== 'current' && <IconButton label={`Compare with what is shown: ${title}`} onClick={() => actions.travels.compareWith({ node: node.id, candidate: null })}><CompareIcon /></IconButton>}
            <IconButton label={`Name: ${title}`} onClick={() => setNaming(true)}><PencilIcon /></IconButton>
          </span>
        )}
      </div>
      {generation !== null && <Candidates node={node.id} design={node.value} generation={generation} picked={picked} open={place === 'current'} />}
    </li>
  )
}

const NONE: ReadonlySet<number> = new Set()

/** The candidates of one generation: those that were not taken are its other branches. */
function Candidates(props: { node: number; design: Design; generation: Generation; picked: ReadonlySet<number> | undefined; open: boolean }) {
  const { node, design, generation, picked = NONE, open } = props
  const [unfolded, setUnfolded] = useState(false)
  if (!open && !unfolded) {
    const left = generation.candidates.length - picked.size
    return (
      <button type="button" className="history-unfold" aria-expanded="false" onClick={() => setUnfolded(true)}>
        {picked.size === 0 ? plural(left, 'candidate') : `${plural(left, 'candidate')} not taken`}
      </button>
    )
  }
  return <CandidateStrip node={node} design={design} candidates={generation.candidates} picked={picked} />
}

/** `onDone` hears the name, or null for none, and whether a key ended it: the focus goes back to the line then. */
function NameField({ name, label, onDone }: { name: string; label: string; onDone: (name: string | null, byKey: boolean) => void }) {
  const [text, setText] = useState(name)
  const done = useRef(false)
  const end = (result: string | null, byKey: boolean) => {
    // The field goes while it has the focus, and is left once more.
    if (done.current) return
    done.current = true
    onDone(result, byKey)
  }
  return (
    <input
      className="history-name"
      aria-label={`Name of “${label}”`}
      placeholder={label}
      value={text}
      maxLength={120}
      autoFocus
      onChange={(event) => setText(event.target.value)}
      onBlur={() => end(text, false)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return
        // Escape lets go of the name, not of a run that is live.
        event.preventDefault()
        end(event.key === 'Enter' ? text : null, true)
      }}
    />
  )
}
