import { useState } from 'react'
import { LIMITS, type Settings } from '../document/types'
import type { Sampler } from '../stream/protocol'
import { useActions, useDesign, useRuns } from './context'
import { IconButton, NumberField, Section } from './controls'
import { DiceIcon } from './icons'
import { SAMPLERS } from './samplers'

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
        <span>Seed</span>
        <div className="with-button seed">
          <NumberField label="Seed" value={seed} min={LIMITS.seed.min} max={LIMITS.seed.max} step={1} digits={0} onChange={(v) => actions.setSettings({ seed: v })} />
          <IconButton label="Another seed" side="left" onClick={() => actions.running.newSeed()}><DiceIcon /></IconButton>
        </div>
      </div>
      <SamplerChoice value={sampler} onChange={(v) => actions.setSettings({ sampler: v })} />
      <Advanced />
    </Section>
  )
}

/** λ that the model takes when nobody says, Å: where arrow keys begin. */
const USUAL_NOISE = 0.5

/** What most never need. Open from the start when something in it is not as usual. */
function Advanced() {
  const { sampler, noise, validOnly } = useDesign((d) => d.settings)
  const actions = useActions()
  const [open, setOpen] = useState(noise !== null || validOnly)
  const set = (patch: Partial<Settings>) => actions.setSettings(patch)
  return (
    <details className="advanced" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Advanced{!open && (noise !== null || validOnly) && <small> · changed</small>}</summary>
      <div className="advanced-row" data-idle={sampler === 'sdd' ? undefined : true}>
        <span>Noise λ</span>
        <NumberField
          label="Noise λ of SDD, ångström"
          value={noise}
          min={LIMITS.noise.min}
          max={LIMITS.noise.max}
          step={0.05}
          digits={2}
          unit="Å"
          from={USUAL_NOISE}
          whenEmpty="usual"
          describedBy="noise-note"
          onChange={(v) => set({ noise: v })}
          onClear={() => set({ noise: null })}
        />
      </div>
      <p id="noise-note" className="field-note">
        {sampler === 'sdd'
          ? 'How far SDD shakes the atoms before each step, at first. More gives more variety, less keeps nearer to the blob; empty is as usual.'
          : 'Only SDD has it: this sampler takes no notice.'}
      </p>
      <label className="check">
        <input type="checkbox" checked={validOnly} aria-describedby="again-note" onChange={(event) => set({ validOnly: event.target.checked })} />
        Run failed candidates again
      </label>
      <p id="again-note" className="field-note">A candidate that is no molecule gives way to another one with fresh noise, as often as the service allows. It takes longer.</p>
    </details>
  )
}

/** Every sampler that the service offers, with what it does in a line. */
function SamplerChoice({ value, onChange }: { value: Sampler; onChange: (sampler: Sampler) => void }) {
  const offered = useRuns((s) => s.model?.samplers ?? null)
  const known = SAMPLERS.find((s) => s.value === value)
  return (
    <div className="sampler" title={known?.note}>
      <label htmlFor="sampler">Sampler</label>
      <select id="sampler" value={value} aria-describedby="sampler-note" onChange={(event) => {
        const chosen = SAMPLERS.find((s) => s.value === event.target.value)
        if (chosen !== undefined) onChange(chosen.value)
      }}>
        {[...new Set(SAMPLERS.map((s) => s.group))].map((group) => (
          <optgroup key={group} label={group}>
            {SAMPLERS.filter((s) => s.group === group).map((s) => (
              <option key={s.value} value={s.value} disabled={offered !== null && !offered.includes(s.value)}>{s.label}</option>
            ))}
          </optgroup>
        ))}
      </select>
      <p id="sampler-note" className="visually-hidden">{known?.note}</p>
    </div>
  )
}
