/** One frame of one candidate, Å; NaN where nothing is known yet. */
export interface SparkPoint {
  readonly step: number
  readonly sigma: number
  readonly force: number
}

export interface SparkPaths {
  readonly sigma: string
  readonly force: string
  /** The newest values. */
  readonly words: string
}

/** Å: from a molecule at rest to a blob of ordinary size; what lies beyond is drawn at the edge. */
const LOWEST = 0.005
const HIGHEST = 5
const LOG_RANGE = Math.log(HIGHEST / LOWEST)

/** Two lines over the steps, on one logarithmic scale, in a box of this many pixels. */
export function sparkPaths(points: readonly SparkPoint[], steps: number, width: number, height: number): SparkPaths {
  const x = (step: number): number => 1 + (Math.min(step, steps) / Math.max(1, steps)) * (width - 2)
  const y = (value: number): number => {
    const share = Math.log(Math.min(HIGHEST, Math.max(LOWEST, value)) / LOWEST) / LOG_RANGE
    return height - 1.5 - share * (height - 3)
  }
  const line = (pick: (p: SparkPoint) => number): string => {
    const known = points.filter((p) => Number.isFinite(pick(p)))
    return known.map((p, k) => `${k === 0 ? 'M' : 'L'}${x(p.step).toFixed(1)} ${y(pick(p)).toFixed(1)}`).join('')
  }
  const last = points.findLast((p) => Number.isFinite(p.sigma) && Number.isFinite(p.force))
  return { sigma: line((p) => p.sigma), force: line((p) => p.force), words: last === undefined ? '' : `σ̂ ${short(last.sigma)} Å` }
}

const short = (value: number): string => (value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toFixed(3))
