import { ELEMENTS } from '../chemistry/elements'
import { formatFormula, parseFormula, withCount } from '../chemistry/formula'
import { bridgeContent } from '../document/design'
import { sitesOf } from '../document/placement'
import { blobProblem } from '../document/spec'
import { LIMITS, type Content, type Design, type GaussianBlob } from '../document/types'
import { useActions, useRuns } from './context'
import { NumberField, Segmented } from './controls'
import { MinusIcon, PlusIcon } from './icons'

const ATTACHED_PRESETS = [
  ['methyl', 'CH3'],
  ['hydroxyl', 'HO'],
  ['amino', 'H2N'],
  ['carboxyl', 'CHO2'],
  ['amide', 'CH2NO'],
  ['acetyl', 'C2H3O'],
  ['phenyl', 'C6H5'],
] as const

/** Groups that bridge two sites, or close a ring over them; and three. */
const BRIDGE_PRESETS: Readonly<Partial<Record<number, readonly (readonly [string, string])[]>>> = {
  2: [['methylene', 'CH2'], ['ethylene', 'C2H4'], ['trimethylene', 'C3H6'], ['ether', 'O'], ['amine', 'HN'], ['carbonyl', 'CO'], ['benzo', 'C4H4']],
  3: [['methine', 'CH'], ['nitrogen', 'N'], ['propanetriyl', 'C3H5']],
}

const FREE_PRESETS = [
  ['acetaldehyde', 'C2H4O'],
  ['benzene', 'C6H6'],
  ['pyridine', 'C5H5N'],
  ['guaiacol', 'C7H8O2'],
] as const

/** What a blob is filled with: a formula with its elements one by one, or so many heavy atoms of any kind. */
export function ContentEditor({ design, blob }: { design: Design; blob: GaussianBlob }) {
  const actions = useActions()
  const problem = blobProblem(design, blob, useRuns((s) => s.limits))
  const { content } = blob
  const sites = sitesOf(blob).length
  const change = (next: Content) => actions.setContent(blob.id, next)
  return (
    <div className="content-editor">
      <Segmented
        label="What the blob is filled with"
        value={content.kind}
        options={[
          { value: 'formula', label: 'Formula' },
          { value: 'random', label: 'Random atoms' },
        ]}
        onChange={(kind) => change(kind === 'random' ? { kind, heavyAtoms: 3 } : sites > 1 ? bridgeContent(sites) : { kind, text: sites === 0 ? 'C2H4O' : 'CHO2' })}
      />
      {content.kind === 'formula' ? (
        <FormulaField key={blob.id} text={content.text} problem={problem} sites={sites} loose={design.scaffold !== null} onChange={(text) => change({ kind: 'formula', text })} />
      ) : (
        <>
          <div className="field-row">
            <span>Heavy atoms</span>
            <NumberField label="Number of heavy atoms" value={content.heavyAtoms} min={LIMITS.heavyAtoms.min} max={LIMITS.heavyAtoms.max} step={1} digits={0} onChange={(heavyAtoms) => change({ kind: 'random', heavyAtoms })} />
          </div>
          {problem !== null && <p className="field-note" data-tone="bad" role="status">{problem}</p>}
          <p className="field-note">Each candidate draws its own of C, N, O and F, as in QM9, and the hydrogens that fit.</p>
        </>
      )}
    </div>
  )
}

function FormulaField(props: { text: string; problem: string | null; sites: number; loose: boolean; onChange: (text: string) => void }) {
  const { text, problem, sites, loose, onChange } = props
  const presets = sites === 0 ? FREE_PRESETS : sites === 1 ? ATTACHED_PRESETS : (BRIDGE_PRESETS[sites] ?? [])
  const parsed = parseFormula(text)
  const mendable = parsed.ok && problem?.startsWith('needs') === true ? parsed.composition : null
  return (
    <>
      <div className="formula-field" data-invalid={problem !== null || undefined}>
        <label htmlFor="formula" className="visually-hidden">Formula</label>
        <input
          id="formula"
          value={text}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          aria-invalid={problem !== null}
          aria-describedby="formula-note"
          onChange={(event) => onChange(event.target.value)}
        />
        {mendable !== null && (
          <button type="button" className="mend" onClick={() => onChange(formatFormula(withCount(mendable, 1, hydrogenFix(problem))))}>
            {hydrogenFix(problem) > 0 ? 'add H' : `remove ${-hydrogenFix(problem)} H`}
          </button>
        )}
      </div>
      <p id="formula-note" className="field-note" data-tone={problem === null ? 'good' : 'bad'}>
        {problem ?? (sites === 1 ? 'fits one open bond' : sites > 1 ? `fits ${sites} open bonds, as a bridge or a ring` : loose ? 'a closed shell, bound to nothing' : 'a closed shell')}
      </p>
      {parsed.ok && (
        <div className="steppers">
          {ELEMENTS.map((e) => (
            <ElementStepper
              key={e.symbol}
              symbol={e.symbol}
              name={e.name}
              color={e.color}
              count={parsed.composition.get(e.number) ?? 0}
              onStep={(delta) => onChange(formatFormula(withCount(parsed.composition, e.number, delta)) || e.symbol)}
            />
          ))}
        </div>
      )}
      <div className="presets" role="group" aria-label={sites > 0 ? 'Groups' : 'Formulas to try'}>
        {presets.map(([name, formula]) => (
          <button key={formula} type="button" aria-pressed={formula === text} title={formula} onClick={() => onChange(formula)}>{name}</button>
        ))}
      </div>
    </>
  )
}

/** How many hydrogens to add (or, negative, to take away) as the note says. */
function hydrogenFix(problem: string | null): number {
  const fewer = /needs (one|\d+) H fewer/.exec(problem ?? '')
  if (fewer === null) return 1
  return fewer[1] === 'one' ? -1 : -Number(fewer[1])
}

function ElementStepper(props: { symbol: string; name: string; color: string; count: number; onStep: (delta: number) => void }) {
  const { symbol, name, color, count, onStep } = props
  return (
    <div className="stepper" role="group" aria-label={name} data-none={count === 0 || undefined}>
      <button type="button" aria-label={`One more ${name}`} onClick={() => onStep(1)}><PlusIcon /></button>
      <span><i style={{ background: color }} />{symbol}<b>{count}</b></span>
      <button type="button" aria-label={`One ${name} fewer`} disabled={count === 0} onClick={() => onStep(-1)}><MinusIcon /></button>
    </div>
  )
}
