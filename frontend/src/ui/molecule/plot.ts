import type uPlot from 'uplot'
import { whenIdle } from '../idle'

/** So soon a plot is drawn that nobody waits for. */
const PLOT_WITHIN_MS = 400

/**
 * Draws a plot into `host` when the page is idle: it comes with the end of a run, when there is enough to do. It is as wide as its
 * host, also later. `pick` is told the point that is clicked. Answers how to take the plot away.
 */
export function drawWhenIdle(host: Element, draw: (width: number) => uPlot, pick: (point: number) => void): () => void {
  let plot: uPlot | null = null
  const fit = new ResizeObserver(() => {
    if (plot && host.clientWidth > 0 && host.clientWidth !== plot.width) plot.setSize({ width: host.clientWidth, height: plot.height })
  })
  const callOff = whenIdle(() => {
    plot = draw(host.clientWidth)
    fit.observe(host)
    plot.over.addEventListener('click', () => {
      const idx = plot?.cursor.idx
      if (idx != null) pick(idx)
    })
  }, PLOT_WITHIN_MS)
  return () => {
    callOff()
    fit.disconnect()
    plot?.destroy()
  }
}
