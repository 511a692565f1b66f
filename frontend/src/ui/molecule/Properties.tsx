import type { PropertiesResult } from '../../service/molecule_types'
import type { Answer } from '../useAnswer'

interface Fact {
  readonly name: string
  readonly unit?: string
  readonly hint: string
  readonly value: (p: PropertiesResult) => string
}

/** Without the minus of a zero. */
const fixed = (value: number, digits: number): string => value.toFixed(digits).replace(/^-(0\.?0*)$/, '$1')

const FACTS: readonly Fact[] = [
  { name: 'Formula', hint: 'All atoms, in Hill order', value: (p) => p.formula },
  { name: 'Mass', unit: 'u', hint: 'Average molecular mass', value: (p) => p.mass.toFixed(2) },
  { name: 'logP', hint: 'Octanol–water partition after Crippen: an estimate from atom types', value: (p) => fixed(p.logp, 2) },
  { name: 'TPSA', unit: 'Å²', hint: 'Topological polar surface area', value: (p) => p.tpsa.toFixed(1) },
  { name: 'Rotatable bonds', hint: 'Single bonds about which the shape can change', value: (p) => String(p.rotatable_bonds) },
  { name: 'H donors', hint: 'N–H and O–H', value: (p) => String(p.h_donors) },
  { name: 'H acceptors', hint: 'N and O that can take a hydrogen bond', value: (p) => String(p.h_acceptors) },
  { name: 'Rings', hint: 'Of these, aromatic', value: (p) => (p.aromatic_rings > 0 ? `${p.rings}, ${p.aromatic_rings} aromatic` : String(p.rings)) },
  { name: 'sp³ carbons', hint: 'Share of carbons that are sp³', value: (p) => `${Math.round(100 * p.fraction_csp3)} %` },
  { name: 'Stereocentres', hint: 'Tetrahedral, in this geometry', value: (p) => String(p.stereocentres) },
]

/** What RDKit computes of the molecule. The list keeps its height while an answer is on its way. */
export function Properties({ answer }: { answer: Answer<PropertiesResult> }) {
  if (answer.state === 'failed') return <p className="panel-note" role="status">No properties: {answer.why}</p>
  const known = answer.state === 'known' ? answer.answer : answer.state === 'asked' ? answer.last : null
  return (
    <>
      <dl className="facts" aria-busy={answer.state === 'asked'}>
        {FACTS.map(({ name, unit, hint, value }) => (
          <div key={name} title={hint}>
            <dt>{name}</dt>
            <dd>{known === null ? <i className="skeleton" /> : value(known)}{known !== null && unit !== undefined && <small> {unit}</small>}</dd>
          </div>
        ))}
      </dl>
      {known?.sa_score !== null && <SyntheticAccess score={known?.sa_score ?? null} />}
      {known?.inchi_key != null && <p className="inchi" title="InChIKey: finds this molecule in databases"><code>{known.inchi_key}</code></p>}
    </>
  )
}

/** From 1, easy to make, to 10, hard. */
function SyntheticAccess({ score }: { score: number | null }) {
  const words = score === null ? '' : score < 3 ? 'easy' : score < 5 ? 'moderate' : score < 7 ? 'hard' : 'very hard'
  return (
    <div className="access" title="Synthetic accessibility after Ertl and Schuffenhauer, 1 (easy) to 10 (hard); made for drug-like molecules">
      <span>Synthesis</span>
      <span className="access-bar" aria-hidden="true">{score !== null && <i style={{ insetInlineStart: `${((score - 1) / 9) * 100}%` }} />}</span>
      <span className="access-text">{score === null ? <i className="skeleton" /> : <><b>{score.toFixed(1)}</b> of 10, {words}</>}</span>
    </div>
  )
}
