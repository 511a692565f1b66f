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
      aside={smiles !== null && <IconButton label="Copy SMILES" onClick={() => actions.copySmiles(smiles)}><CopyIcon /></IconButton>}
    >
      <dl className="facts">
        <div><dt>Formula</dt><dd>{formatFormula(compositionOf(scaffold.numbers))}</dd></div>
        {smiles !== null && <div><dt>SMILES</dt><dd className="smiles" title={smiles}>{smiles}</dd></div>}
        <div><dt>Kept exactly</dt><dd>{plural(scaffold.numbers.length - open, 'atom')}</dd></div>
      </dl>
      {free > 0 && (
        <div className="section-foot">
          <p className="field-note">{design.blobs.length === 0 ? 'Click a hydrogen to grow there.' : `${plural(free, 'hydrogen')} can be opened too.`}</p>
          <button type="button" className="quiet-button" onClick={() => actions.openNextSite()}>Open a site</button>
        </div>
      )}
    </Section>
  )
}
