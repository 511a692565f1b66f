import { useStore } from 'zustand'
import { compositionOf, formatFormula } from '../chemistry/formula'
import { displacedHydrogens, freeHydrogens } from '../document/design'
import { flawAdvice, inWords, valenceFlaws } from '../document/edit'
import type { Design, Scaffold } from '../document/types'
import { chooseAll, chooseAtoms, fillHydrogens, freezeAll, relax } from './atoms'
import { useActions, useRuns, useTools } from './context'
import { IconButton, Section } from './controls'
import { CopyIcon } from './icons'
import { COMING, useScaffoldSmiles } from './molecule/smiles'
import { plural } from './words'

export function ScaffoldPanel({ design, scaffold }: { design: Design; scaffold: Scaffold }) {
  const actions = useActions()
  const { studio } = useTools()
  const relaxing = useStore(studio.relaxer.store, (s) => s.current !== null)
  const online = useRuns((s) => s.link.kind === 'online')
  const open = displacedHydrogens(design).size
  const free = freeHydrogens(design).length
  const loose = scaffold.free?.length ?? 0
  const flaws = valenceFlaws(scaffold)
  const smiles = useScaffoldSmiles()
  return (
    <Section
      title="Scaffold"
      aside={
        <>
          <span className="aside-fact">{formatFormula(compositionOf(scaffold.numbers))}</span>
          {smiles !== null && smiles !== COMING && <IconButton label="Copy SMILES" side="left" onClick={() => actions.copySmiles(smiles)}><CopyIcon /></IconButton>}
        </>
      }
    >
      {smiles !== null && <p className="smiles" title={smiles}>{smiles}</p>}
      {flaws.length > 0 ? (
        <p className="field-note" data-tone="bad">
          {inWords(flaws, 2)}.{flawAdvice(flaws)}{' '}
          {flaws.some((f) => f.fits) && <button type="button" className="link-button" onClick={() => fillHydrogens(studio)}>Fit hydrogens</button>}
        </p>
      ) : (
        <p className="field-note">
          {plural(scaffold.numbers.length - open - loose, 'atom')} kept exactly
          {loose === 0 ? '. Click a heavy atom to edit it.' : <>, <button type="button" className="link-button" onClick={() => chooseAtoms(studio, scaffold.free ?? [])}>{loose} free</button> · <button type="button" className="link-button" onClick={() => freezeAll(studio)}>freeze all</button></>}
        </p>
      )}
      <div className="button-row">
        {free > 0 && <button type="button" className="quiet-button" onClick={() => actions.openNextSite()}>Open a site</button>}
        <button type="button" className="quiet-button" disabled={relaxing || !online} title="A short run of the model from this geometry puts bond lengths and angles right" onClick={() => relax(studio)}>
          {relaxing ? 'Relaxing…' : 'Relax'}
        </button>
        <button type="button" className="quiet-button" title="Choose all atoms, to move, free or change them" onClick={() => chooseAll(studio)}>All atoms</button>
      </div>
    </Section>
  )
}
