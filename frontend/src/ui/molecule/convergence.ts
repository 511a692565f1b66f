import type { Trajectory } from '../../stream/trajectory'

/** Columns of a plot; null where a value is missing, or is none that a logarithm takes. */
export interface Convergence {
  readonly steps: number[]
  readonly sigma: (number | null)[]
  readonly force: (number | null)[]
}

export function convergence({ frames }: Pick<Trajectory, 'frames'>, candidate: number): Convergence {
  const positive = (value: number | undefined): number | null => (value !== undefined && value > 0 && Number.isFinite(value) ? value : null)
  return {
    steps: frames.map((f) => f.step),
    sigma: frames.map((f) => positive(f.sigmaHat.at(candidate))),
    force: frames.map((f) => positive(f.rmsForce.at(candidate))),
  }
}
