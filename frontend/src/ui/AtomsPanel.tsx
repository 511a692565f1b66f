import { useStore } from 'zustand'
import { ELEMENTS, element } from '../chemistry/elements'
import { neighbours } from '../chemistry/hydrogens'
import { freeHydrogens } from '../document/design'
import { flawAdvice, inWords, valenceFlaws } from '../document/edit'
import type { Design, Scaffold } from '../document/types'
import { measure } from '../viewer/measure'
import {
  bondChosen, chooseAtoms, deleteChosen, fillHydrogens, freeChosen, growAtoms, makeElement, openChosen, relax,
} from './atoms'
import { useTools } from './context'
import { IconButton, Section } from './controls'
import { CloseIcon, TrashIcon } from './icons'
import { plural } from './words'

/** What the chosen atoms are, and what can be done with them. */
export function AtomsPanel({ design, scaffold, atoms }: { design: Design; scaffold: Scaffold; atoms: readonly number[] }) {
  const { studio, actions } = useTools()
  const relaxing = useStore(studio.relaxer.store, (s) => s.current !== null)
  const numbers = new Set(atoms.map((i) => scaffold.numbers[i]))
  const only = numbers.size === 1 ? [...numbers][0] : null
  const free = atoms.filter((i) => scaffold.free?.includes(i) === true).length
  const open = new Set(freeHydrogens(design))
  const sites = atoms.filter((i) => open.has(i)).length
  const flaws = valenceFlaws(scaffold).filter((f) => atoms.includes(f.atom))
  return (
    <Section
      title={atoms.length === 1 ? `${name(scaffold, atoms[0])}, ${element(scaffold.numbers[atoms[0]]).name}` : plural(atoms.length, 'atom')}
      aside={
        <>
          <IconButton label="Delete; neighbours get hydrogens" keys="Del" side="left" onClick={() => deleteChosen(studio)}><TrashIcon /></IconButton>
          <IconButton label="Let go" keys="Esc" side="left" onClick={() => chooseAtoms(studio, [])}><CloseIcon /></IconButton>
        </>
      }
    >
      <p className="field-note atoms-fact" data-tone={flaws.length > 0 ? 'bad' : undefined}>
        {flaws.length > 0 ? `${inWords(flaws, flaws.length)}.${flawAdvice(flaws)}` : fact(scaffold, atoms)}
      </p>
      <ElementRow label="Make it" current={only} onPick={(z) => makeElement(studio, z)} />
      <ElementRow label="Add" current={null} onPick={(z) => growAtoms(studio, z)} />
      {atoms.length === 2 && <BondRow order={orderBetween(scaffold, atoms[0], atoms[1])} onPick={(order) => bondChosen(studio, order)} />}
      <div className="button-row">
        <button type="button" className="quiet-button" aria-pressed={free === atoms.length} title="Freed atoms may move when you generate; frozen ones stay bit for bit" onClick={() => freeChosen(studio, free < atoms.length)}>
          {free < atoms.length ? 'Free' : 'Freeze'}
        </button>
        {flaws.some((f) => f.fits) && <button type="button" className="quiet-button" onClick={() => fillHydrogens(studio)}>Fit H</button>}
        {sites > 0 && <button type="button" className="quiet-button" onClick={() => openChosen(studio)}>Open {plural(sites, 'site')}</button>}
        {sites > 1 && (
          <button type="button" className="quiet-button" title="One blob for all of them: a chain between them, or a ring over them" onClick={() => actions.bridge(atoms.filter((i) => open.has(i)))}>
            Bridge {plural(sites, 'site')}
          </button>
        )}
        <button type="button" className="quiet-button" disabled={relaxing} title="The model puts these atoms right; all others stay" onClick={() => relax(studio, atoms)}>
          {relaxing ? 'Relaxing…' : 'Relax'}
        </button>
      </div>
      <p className="field-note">Drag a ring to move, arrows nudge. Shift-click chooses more.</p>
    </Section>
  )
}

const name = (scaffold: Scaffold, atom: number): string => `${element(scaffold.numbers[atom]).symbol}${atom + 1}`

function fact(scaffold: Scaffold, atoms: readonly number[]): string {
  if (atoms.length === 1) {
    const bonded = neighbours(scaffold, atoms[0])
    return bonded.length === 0 ? 'bonded to nothing' : `bonded to ${bonded.map((n) => name(scaffold, n.atom)).join(', ')}`
  }
  const named = atoms.slice(0, 4).map((i) => name(scaffold, i)).join('–')
  const size = measure(atoms.slice(0, 5).map((i) => scaffold.positions[i]))
  return size === null ? atoms.slice(0, 8).map((i) => name(scaffold, i)).join(', ') + (atoms.length > 8 ? ' …' : '') : `${named}: ${size}`
}

const orderBetween = (scaffold: Scaffold, a: number, b: number): number => neighbours(scaffold, a).find((n) => n.atom === b)?.order ?? 0

function ElementRow({ label, current, onPick }: { label: string; current: number | null; onPick: (number: number) => void }) {
  return (
    <div className="element-row" role="group" aria-label={label}>
      <span>{label}</span>
      {ELEMENTS.map((e) => (
        <button key={e.number} type="button" aria-pressed={e.number === current} aria-label={`${label} ${e.name}`} onClick={() => onPick(e.number)}>
          <i style={{ background: e.color }} />{e.symbol}
        </button>
      ))}
    </div>
  )
}

const ORDERS = [['none', 'No bond'], ['–', 'Single bond'], ['=', 'Double bond'], ['≡', 'Triple bond']] as const

function BondRow({ order, onPick }: { order: number; onPick: (order: number) => void }) {
  return (
    <div className="element-row bonds" role="group" aria-label="Bond">
      <span>Bond</span>
      {ORDERS.map(([sign, words], k) => (
        <button key={words} type="button" aria-pressed={k === order} aria-label={words} title={words} onClick={() => onPick(k)}>{sign}</button>
      ))}
    </div>
  )
}
