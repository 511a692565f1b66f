import { compositionOf, formatFormula } from '../chemistry/formula'
import { displacedHydrogens, freeHydrogens } from '../document/design'
import type { Design, Scaffold } from '../document/types'
import { useActions } from './context'
import { IconButton, Section } from './controls'
import { CopyIcon } from './icons'
import { plural } from './words'

export function ScaffoldPanel({ design, scaffold }: { design: Design; scaffold: Scaffold }) {
  const actions = useActions()
  const open = displacedHydrogens(design).size
  const free = freeHydrogens(design).length
  const { smiles } = scaffold
  return (
    <Section
      title="Scaffold"
      aside={
        <>
          <span className="aside-fact">{formatFormula(compositionOf(scaffold.numbers))}</span>
          {smiles !== null && <IconButton label="Copy SMILES" onClick={() => actions.copySmiles(smiles)}><CopyIcon /></IconButton>}
        </>
      }
    >
      {smiles !== null && <p className="smiles" title={smiles}>{smiles}</p>}
      <div className="section-foot">
        <p className="field-note">{plural(scaffold.numbers.length - open, 'atom')} kept exactly as they are.{design.blobs.length === 0 && free > 0 ? ' Click a hydrogen to grow there.' : ''}</p>
        {free > 0 && <button type="button" className="quiet-button" onClick={() => actions.openNextSite()}>Open a site</button>}
      </div>
    </Section>
  )
}
