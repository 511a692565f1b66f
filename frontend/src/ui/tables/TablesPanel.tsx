import { useMemo, useRef } from 'react'
import { freeHydrogens } from '../../document/design'
import { describeContent } from '../../document/difference'
import { sitesOf } from '../../document/placement'
import { blobProblem } from '../../document/spec'
import { LIMITS, type GaussianBlob } from '../../document/types'
import { withComponent } from '../../geometry/vec3'
import { chooseAtom } from '../atoms'
import { useActions, useDesign, useRuns, useSession, useTools } from '../context'
import { IconButton, NumberField } from '../controls'
import { AttachIcon, CrossIcon, PencilIcon, PlusIcon, TrashIcon } from '../icons'
import { useShown } from '../molecule/shown'
import { atomRows, type AtomRow } from './atoms'
import { useDrawnAtoms } from './drawn'

/** What the canvas shows, as tables: everything can be done from here, too. */
export function TablesPanel() {
  const mode = useSession((s) => s.mode)
  return (
    <div className="tables">
      {mode !== 'results' && <Blobs />}
      <Atoms />
    </div>
  )
}

function Blobs() {
  const actions = useActions()
  const design = useDesign((d) => d)
  const limits = useRuns((s) => s.limits)
  const selected = useSession((s) => s.selected)
  const section = useRef<HTMLElement>(null)
  // A row that goes takes the focus with it: whoever works by keyboard goes on at the head of the list.
  const leave = () => section.current?.querySelector('button')?.focus()
  return (
    <section ref={section} className="table-part" aria-label="Blobs">
      <header>
        <h3>Blobs</h3>
        <IconButton label="Place a blob in the middle" side="left" onClick={() => actions.placeBlob([0, 0, 0])}><PlusIcon /></IconButton>
      </header>
      {design.blobs.length === 0 ? <p className="panel-note">None. A blob says where new atoms shall be, and which.</p> : (
        <ul className="blob-rows">
          {design.blobs.map((blob, k) => (
            <BlobRow key={blob.id} blob={blob} number={k + 1} selected={blob.id === selected} problem={blobProblem(design, blob, limits)} leave={leave} />
          ))}
        </ul>
      )}
    </section>
  )
}

const AXIS_NAMES = ['x', 'y', 'z'] as const

interface BlobRowProps {
  readonly blob: GaussianBlob
  readonly number: number
  readonly selected: boolean
  readonly problem: string | null
  /** Before the row goes. */
  readonly leave: () => void
}

function BlobRow({ blob, number, selected, problem, leave }: BlobRowProps) {
  const actions = useActions()
  const { min, max } = LIMITS.coordinate
  return (
    <li data-selected={selected || undefined}>
      <div className="blob-row-head">
        <button type="button" className="table-name" aria-pressed={selected} onClick={() => { actions.select(blob.id); actions.setMode('design') }}>
          Blob {number} <span>{describeContent(blob.content)}</span>
        </button>
        <small>{blob.site === null ? 'free' : `in place of ${sitesOf(blob).map((h) => `H${h + 1}`).join(', ')}`}</small>
        <IconButton label={`Remove blob ${number}`} side="left" onClick={() => { leave(); actions.select(blob.id); actions.removeSelected() }}><TrashIcon /></IconButton>
      </div>
      {problem !== null && <p className="table-problem">{problem}</p>}
      <div className="triple">
        {AXIS_NAMES.map((axis, i) => (
          <NumberField
            key={axis}
            label={`Blob ${number}, centre ${axis}, Å`}
            name={<i className={`axis-tag axis-${axis}`}>{axis}</i>}
            value={blob.center[i]}
            min={min}
            max={max}
            step={0.1}
            digits={2}
            onChange={(value) => actions.editBlob(blob.id, { center: withComponent(blob.center, i, value) }, 'Move blob', `center-${blob.id}`)}
          />
        ))}
      </div>
    </li>
  )
}

function Atoms() {
  const shown = useShown(true)
  const structure = shown?.structure ?? null
  const rows = useMemo(() => (structure === null ? [] : atomRows(structure)), [structure])
  if (shown === null) return <p className="panel-note">There are no atoms yet.</p>
  return (
    <section className="table-part" aria-label="Atoms">
      <header><h3>{shown.candidate === null ? 'Scaffold' : `Candidate ${shown.candidate + 1}`}</h3><small>{rows.length} atoms, Å</small></header>
      <AtomTable rows={rows} candidate={shown.candidate} />
    </section>
  )
}

/** Never −0.00. */
const tidy = (x: number): string => x.toFixed(2).replace(/^-(0\.00)$/, '$1')

function AtomTable({ rows, candidate }: { rows: readonly AtomRow[]; candidate: number | null }) {
  const { studio, actions } = useTools()
  const design = useDesign((d) => d)
  const free = useMemo(() => new Set(freeHydrogens(design)), [design])
  const taken = useMemo(() => new Map(design.blobs.flatMap((b, k) => sitesOf(b).map((h) => [h, { blob: b.id, number: k + 1 }] as const))), [design])
  const drawn = useDrawnAtoms(candidate)
  const measured = useSession((s) => s.measured)
  const hoverAtom = useSession((s) => s.hoverAtom)
  const chosen = useSession((s) => s.atoms)
  const scaffold = useDesign((d) => d.scaffold)
  const loose = useMemo(() => new Set(candidate === null ? (scaffold?.free ?? []) : []), [candidate, scaffold])
  const hover = (index: number | null) => studio.session.setState({ hoverAtom: index === null ? null : (drawn.get(index) ?? null) })
  const pick = (index: number) => {
    const at = drawn.get(index)
    if (at === undefined) return
    studio.session.setState({ measured: measured.includes(at) ? measured.filter((k) => k !== at) : measured.length < 4 ? [...measured, at] : [at] })
  }
  return (
    <table className="atom-table">
      <thead>
        <tr><th scope="col">Atom</th><th scope="col">x</th><th scope="col">y</th><th scope="col">z</th><th scope="col">Bound to</th><th scope="col"><span className="visually-hidden">Edit and grow</span></th></tr>
      </thead>
      <tbody>
        {rows.map(({ index, name, position, bonds }) => {
          const at = drawn.get(index)
          const order = at === undefined ? -1 : measured.indexOf(at)
          const blob = candidate === null ? taken.get(index) : undefined
          return (
            <tr key={index} data-hover={(at !== undefined && at === hoverAtom) || undefined} data-gone={blob !== undefined || undefined} data-chosen={(candidate === null && chosen.includes(index)) || undefined} onPointerEnter={() => hover(index)} onPointerLeave={() => hover(null)}>
              <th scope="row">
                <button type="button" className="table-name" aria-pressed={order >= 0} title="Measure from here: two, three or four atoms" onFocus={() => hover(index)} onBlur={() => hover(null)} onClick={() => pick(index)}>
                  {name}{order >= 0 && <sup>{order + 1}</sup>}
                </button>
              </th>
              {position.map((x, k) => <td key={k}>{tidy(x)}</td>)}
              <td className="atom-bonds" title={loose.has(index) ? `free; ${bonds}` : bonds}>{loose.has(index) && <em>free </em>}{bonds}</td>
              <td className="atom-tools">
                {candidate === null && (
                  <IconButton label={`Choose ${name} to edit it`} side="left" pressed={chosen.includes(index)} onClick={() => { actions.setMode('design'); chooseAtom(studio, index, true) }}><PencilIcon /></IconButton>
                )}
                {blob !== undefined ? (
                  <IconButton label={`Give hydrogen ${index + 1} back: remove blob ${blob.number}`} side="left" onClick={() => { actions.select(blob.blob); actions.removeSelected() }}><CrossIcon /></IconButton>
                ) : candidate === null && free.has(index) ? (
                  <IconButton label={`Open a site at hydrogen ${index + 1}`} side="left" onClick={() => actions.openSite(index)}><AttachIcon /></IconButton>
                ) : null}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
