import type uPlot from 'uplot'
import { whenIdle } from '../idle'

/** So soon a plot is drawn that nobody waits for. */
const PLOT_WITHIN_MS = 400

/**
 * Draws a plot when the page is idle: it comes with the end of a run, when there is enough to do. `pick` is told the point that is
 * clicked. Answers how to take the plot away.
 */
export function drawWhenIdle(draw: () => uPlot, pick: (point: number) => void): () => void {
  let plot: uPlot | null = null
  const callOff = whenIdle(() => {
    plot = draw()
    plot.over.addEventListener('click', () => {
      const idx = plot?.cursor.idx
      if (idx != null) pick(idx)
    })
  }, PLOT_WITHIN_MS)
  return () => {
    callOff()
    plot?.destroy()
  }
}
