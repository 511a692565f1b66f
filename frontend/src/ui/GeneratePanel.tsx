import { LIMITS } from '../document/types'
import { useActions, useDesign } from './context'
import { IconButton, NumberField, Section, Segmented } from './controls'
import { DiceIcon } from './icons'

export function GeneratePanel() {
  const { samples, steps, sampler, seed } = useDesign((d) => d.settings)
  const actions = useActions()
  return (
    <Section title="Generation">
      <div className="field-grid">
        <span>Candidates</span>
        <NumberField label="Number of candidates" value={samples} min={LIMITS.samples.min} max={LIMITS.samples.max} step={1} digits={0} onChange={(v) => actions.setSettings({ samples: v })} />
        <span>Steps</span>
        <NumberField label="Number of steps" value={steps} min={LIMITS.steps.min} max={LIMITS.steps.max} step={16} digits={0} onChange={(v) => actions.setSettings({ steps: v })} />
        <span>Sampler</span>
        <Segmented
          label="Sampler"
          value={sampler}
          options={[
            { value: 'sdd', label: 'SDD', hint: 'Stochastic: adds a little noise before each step, less and less of it' },
            { value: 'dd', label: 'DD', hint: 'Deterministic: goes straight down, and stops when the forces vanish' },
          ]}
          onChange={(v) => actions.setSettings({ sampler: v })}
        />
        <span>Seed</span>
        <div className="with-button">
          <NumberField label="Seed" value={seed} min={LIMITS.seed.min} max={LIMITS.seed.max} step={1} digits={0} onChange={(v) => actions.setSettings({ seed: v })} />
          <IconButton label="Another seed" side="left" onClick={() => actions.newSeed()}><DiceIcon /></IconButton>
        </div>
      </div>
    </Section>
  )
}
