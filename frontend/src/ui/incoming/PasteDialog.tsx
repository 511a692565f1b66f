import { useState } from 'react'
import { words } from '../../service/http'
import { compositionOf, formatFormula } from '../../chemistry/formula'
import { DEFAULT_SETTINGS } from '../../document/types'
import { useDesk, useFiling, useTools } from '../context'
import { thumbnailUrl } from '../history/thumbnail'
import { Sheet } from '../sheet'
import { useInk } from '../useTheme'
import { plural } from '../words'
import type { Incoming } from './records'

/** A molecule as text: typed, pasted, or one of a file that holds several. */
export function PasteDialog() {
  const { studio } = useTools()
  const filing = useFiling()
  const offered = useDesk((d) => d.offered)
  const [text, setText] = useState('')
  const [found, setFound] = useState<readonly Incoming[] | null>(offered?.found ?? null)
  const [failure, setFailure] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const close = () => studio.desk.setState({ dialog: null, offered: null })
  const read = async () => {
    setBusy(true)
    setFailure(null)
    setFound(null)
    try {
      const records = await filing.read(text)
      const [first] = records
      if (records.length === 1 && first.ok) filing.useMolecule(first)
      else if (records.length === 1) setFailure(first.ok ? null : first.reason)
      else setFound(records)
    } catch (error) {
      setFailure(words(error))
    } finally {
      setBusy(false)
    }
  }
  const from = offered?.from ?? ''
  return (
    <Sheet
      title={from === '' ? 'Start from a real molecule' : from}
      lead={from === '' ? 'SMILES, or the text of an SDF, MOL, XYZ, extXYZ or PDB file. Files can be dropped anywhere on the page.' : 'Which of these shall be the scaffold?'}
      size="middle"
      onClose={close}
    >
      {from === '' && (
        <form className="form" onSubmit={(event) => { event.preventDefault(); void read() }}>
          <textarea
            className="text-area"
            aria-label="Molecule as text"
            placeholder="CC(=O)Oc1ccccc1"
            rows={5}
            value={text}
            autoFocus
            spellCheck={false}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey || !text.includes('\n')) && !event.shiftKey) { event.preventDefault(); void read() } }}
          />
          {failure !== null && <p className="form-failure" role="alert">{failure}</p>}
          <footer className="form-foot">
            <button type="button" className="quiet-button" onClick={() => { close(); filing.pickFile() }}>Open a file…</button>
            <button type="submit" className="strong-button" disabled={busy || text.trim() === ''}>{busy ? 'Reading…' : 'Use it'}</button>
          </footer>
        </form>
      )}
      {found !== null && <Choice found={found} first={from !== ''} />}
    </Sheet>
  )
}

/** Pictures of so many are drawn; further ones are found by their names in a smaller file. */
const MOST_SHOWN = 200

function Choice({ found, first }: { found: readonly Incoming[]; first: boolean }) {
  const filing = useFiling()
  const ink = useInk()
  const usable = found.slice(0, MOST_SHOWN).flatMap((one) => (one.ok ? [one] : []))
  const bad = found.flatMap((one) => (one.ok ? [] : [one]))
  return (
    <>
      <ul className="offered">
        {usable.map((one, k) => (
          <li key={one.index}>
            <button type="button" autoFocus={first && k === 0} onClick={() => filing.useMolecule(one)}>
              <img src={thumbnailUrl(pictured(one), ink, 72)} width="72" height="72" alt="" loading="lazy" />
              <b>{one.title}</b>
              <small>{formatFormula(compositionOf(one.scaffold.numbers))}</small>
            </button>
          </li>
        ))}
      </ul>
      {found.length > MOST_SHOWN && <p className="shelved-note">The first {MOST_SHOWN} of {found.length}.</p>}
      {bad.length > 0 && (
        <details className="offered-bad" open={bad.length === found.length}>
          <summary>{plural(bad.length, 'record')} cannot be used</summary>
          <ul>{bad.slice(0, 50).map((one) => <li key={one.index}>{one.index + 1}: {one.reason}</li>)}</ul>
        </details>
      )}
    </>
  )
}

const designs = new WeakMap<object, { scaffold: Extract<Incoming, { ok: true }>['scaffold']; blobs: []; settings: typeof DEFAULT_SETTINGS }>()

/** The same object every time, so that its picture is drawn once. */
function pictured({ scaffold }: Extract<Incoming, { ok: true }>) {
  const known = designs.get(scaffold) ?? { scaffold, blobs: [] as [], settings: DEFAULT_SETTINGS }
  designs.set(scaffold, known)
  return known
}
