import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import { differences, type Difference } from '../../document/difference'
import type { Scaffold } from '../../document/types'
import { propertiesOf } from '../../service/molecules'
import { predictionOf } from '../../service/predictions'
import type { PropertiesResult } from '../../service/molecule_types'
import { useActions, useDocument } from '../context'
import { IconButton } from '../controls'
import type { Place } from '../desk'
import { SwapIcon } from '../icons'
import { useAnswer } from '../useAnswer'
import { useInk } from '../useTheme'
import { designAt, placeName } from './places'
import { thumbnailUrl } from './thumbnail'

/**
 * Two nodes side by side: which they are, and everything that tells them apart. The canvas shows both. It takes the focus from the
 * line that it was asked for on, which it hides; `onLeave` hears which line shall have it again, or null when it is elsewhere by then.
 */
export function ComparePanel({ places, onLeave }: { places: readonly [Place, Place]; onLeave: (node: number | null) => void }) {
  const actions = useActions()
  const panel = useRef<HTMLDivElement>(null)
  const [from] = useState(places[0].node)
  useLayoutEffect(() => {
    const { current } = panel
    return () => onLeave(current?.contains(window.document.activeElement) === true ? from : null)
  }, [from, onLeave])
  const ink = useInk()
  const history = useDocument((s) => s.history)
  const [a, b] = useMemo(() => [designAt(history, places[0]), designAt(history, places[1])], [history, places])
  const found = useMemo(() => differences(a, b), [a, b])
  const both = a.scaffold !== null && b.scaffold !== null
  return (
    <div className="compare" ref={panel}>
      <div className="compare-sides">
        {places.map((place, k) => (
          <button key={k} type="button" className="compare-side" onClick={() => actions.travels.jump(place.node, place.candidate)}>
            <img src={thumbnailUrl(k === 0 ? a : b, ink, 96)} width="96" height="96" alt="" />
            <span><b>{'AB'.charAt(k)}</b>{placeName(history, place)}</span>
          </button>
        ))}
        <IconButton label="Swap A and B" className="compare-swap" onClick={() => actions.travels.compare([places[1], places[0]])}><SwapIcon /></IconButton>
      </div>
      {found.length === 0 ? (
        <p className="panel-note">There is no difference between the two.</p>
      ) : (
        <table className="compare-table">
          <caption className="visually-hidden">What tells A and B apart</caption>
          <thead><tr><th scope="col">Difference</th><th scope="col">A</th><th scope="col">B</th></tr></thead>
          <tbody>
            {found.map((d) => <DifferenceRow key={d.what} difference={d} />)}
            {both && a.scaffold !== b.scaffold && <PropertyRows a={a.scaffold} b={b.scaffold} />}
            {both && a.scaffold !== b.scaffold && <GapRow a={a.scaffold} b={b.scaffold} />}
          </tbody>
        </table>
      )}
      <div className="compare-foot"><button type="button" className="quiet-button" autoFocus onClick={() => actions.travels.endCompare()}>Done</button></div>
    </div>
  )
}

function DifferenceRow({ difference: { what, before, after } }: { difference: Difference }) {
  return (
    <tr>
      <th scope="row">{what}</th>
      <td title={before ?? undefined}>{before ?? '–'}</td>
      <td title={after ?? undefined}>{after ?? '–'}</td>
    </tr>
  )
}

const COMPARED: readonly { label: string; value: (p: PropertiesResult) => number | null; digits: number }[] = [
  { label: 'Mass, u', value: (p) => p.mass, digits: 2 },
  { label: 'logP', value: (p) => p.logp, digits: 2 },
  { label: 'TPSA, Å²', value: (p) => p.tpsa, digits: 1 },
  { label: 'Rotatable bonds', value: (p) => p.rotatable_bonds, digits: 0 },
  { label: 'H donors', value: (p) => p.h_donors, digits: 0 },
  { label: 'H acceptors', value: (p) => p.h_acceptors, digits: 0 },
  { label: 'SA score', value: (p) => p.sa_score, digits: 1 },
]

function PropertyRows({ a, b }: { a: Scaffold | null; b: Scaffold | null }) {
  const one = useAnswer(a, propertiesOf)
  const other = useAnswer(b, propertiesOf)
  if (one.state === 'failed' || other.state === 'failed') return null
  return COMPARED.map(({ label, value, digits }) => {
    const [x, y] = [one, other].map((p) => (p.state === 'known' ? value(p.answer) : null))
    if (one.state === 'known' && other.state === 'known' && x === y) return null
    const text = (v: number | null): string => (v === null ? '…' : v.toFixed(digits))
    return <tr key={label}><th scope="row">{label}</th><td>{text(x)}</td><td>{text(y)}</td></tr>
  })
}

/** Predicted; none where the service has no model for it, or the model no answer for either. */
function GapRow({ a, b }: { a: Scaffold | null; b: Scaffold | null }) {
  const one = useAnswer(a, predictionOf)
  const other = useAnswer(b, predictionOf)
  if (one.state !== 'known' || other.state !== 'known') return null
  const [x, y] = [one.answer?.gap_ev ?? null, other.answer?.gap_ev ?? null]
  if (x === null && y === null) return null
  const text = (v: number | null): string => (v === null ? '–' : v.toFixed(2))
  return <tr title="HOMO–LUMO gap, predicted from the geometry"><th scope="row">Gap, eV</th><td>{text(x)}</td><td>{text(y)}</td></tr>
}
