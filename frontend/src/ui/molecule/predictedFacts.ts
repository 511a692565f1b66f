import type { Predicted } from '../../service/predictions'

export interface PredictedFact {
  readonly name: string
  /** eV, without the unit. */
  readonly value: string
  /** The model's mean absolute error on molecules kept apart, eV; null where that says nothing of this molecule. */
  readonly error: string | null
  readonly hint: string
}

export interface PredictedFacts {
  readonly facts: readonly PredictedFact[]
  /** Which model, trained on what. */
  readonly source: string
  /** What has to be known before the numbers are believed, or why there are none. */
  readonly note: string | null
}

/** Two digits after the point, or as many as the error has meaning. */
const rounded = (value: number, error: number): string => value.toFixed(error >= 0.1 ? 1 : 2)
const errorOf = (error: number): string => (error >= 0.1 ? error.toFixed(1) : error >= 0.01 ? error.toFixed(2) : error.toFixed(3))

/** A prediction as a chemist reads it. */
export function predictedFacts({ gap_ev, atomisation_energy_ev, beyond_training, reason, model }: Predicted): PredictedFacts {
  const { test_mae, trained_on } = model
  const source = `A network trained on ${trained_on.data}, ${trained_on.level}`
  if (gap_ev === null || atomisation_energy_ev === null) return { facts: [], source, note: `None: ${reason ?? 'the model has no answer'}.` }
  const kept = 'the error is its mean on test molecules kept apart'
  const fact = (name: string, value: number, error: number, what: string): PredictedFact => ({
    name, value: rounded(value, error), error: beyond_training ? null : errorOf(error), hint: `${what}. ${source}; ${kept}`,
  })
  return {
    facts: [
      fact('HOMO–LUMO gap', gap_ev, test_mae.gap_ev, 'Between the highest occupied and the lowest empty orbital'),
      fact('Atomisation', atomisation_energy_ev, test_mae.atomisation_energy_ev, 'Energy at 0 K to take all atoms apart (U₀)'),
    ],
    source,
    note: beyond_training ? `Larger than what the model was trained on, ${trained_on.max_heavy_atoms} heavy atoms: the error is not known here.` : null,
  }
}

/** A few words for a card: the gap with its unit; null where there is none. */
export const gapInShort = ({ gap_ev, model }: Predicted): string | null => (gap_ev === null ? null : `gap ${rounded(gap_ev, model.test_mae.gap_ev)} eV`)
