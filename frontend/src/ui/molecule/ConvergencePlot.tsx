import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Trajectory } from '../../stream/trajectory'
import { useActions, useTools } from '../context'
import { useShownTheme } from '../useTheme'
import { convergence, type Convergence } from './convergence'
import { drawWhenIdle } from './plot'

const HEIGHT = 150

/** How one candidate came to rest: noise level and force over the steps, on a logarithmic scale. A click goes to that frame. */
export default function ConvergencePlot({ trajectory, candidate }: { trajectory: Trajectory; candidate: number }) {
  const { stage } = useTools().studio
  const actions = useActions()
  const theme = useShownTheme()
  const host = useRef<HTMLDivElement>(null)
  const { length } = trajectory
  useEffect(() => {
    const element = host.current
    if (element === null) return
    const draw = (width: number) => {
      const data = convergence(trajectory, candidate)
      return new uPlot({ ...options(element), width }, [data.steps, data.sigma.map(decades), data.force.map(decades)], element)
    }
    return drawWhenIdle(element, draw, (at) => {
      actions.setMode('results')
      stage.playhead.setState({ at, playing: false })
    })
  }, [trajectory, candidate, length, theme, actions, stage])
  return (
    <figure className="property-plot convergence">
      <figcaption>Over the steps: <b data-line="sigma">noise σ̂, Å</b> and <b data-line="force">RMS force</b></figcaption>
      <div ref={host} style={{ height: HEIGHT }} aria-hidden="true" />
      <p className="visually-hidden">{inWords(convergence(trajectory, candidate))}</p>
    </figure>
  )
}

/** Powers of ten: both fall over several. */
const decades = (value: number | null): number | null => (value === null ? null : Math.log10(value))

function inWords({ steps, sigma, force }: Convergence): string {
  const show = (value: number | null | undefined) => (value == null ? 'unknown' : value.toPrecision(2))
  return `From step ${steps[0]} to ${steps[steps.length - 1]} the noise goes from ${show(sigma[0])} to ${show(sigma.at(-1))} Å and the force from ${show(force[0])} to ${show(force.at(-1))}.`
}

function options(element: Element): Omit<uPlot.Options, 'width'> {
  const style = getComputedStyle(element)
  const read = (name: string): string => style.getPropertyValue(name).trim()
  const axis = { stroke: read('--text-soft'), grid: { stroke: read('--line'), width: 1 }, ticks: { show: false }, font: '11px sans-serif' }
  return {
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 7 } },
    scales: { x: { time: false } },
    axes: [{ ...axis, size: 24 }, { ...axis, size: 40, incrs: [1, 2, 3], values: (_, ticks) => ticks.map((t) => (Number.isInteger(t) ? String(Number(`1e${t}`)) : '')) }],
    series: [{}, { stroke: read('--focus'), width: 1.5, points: { show: false } }, { stroke: read('--blob'), width: 1.5, points: { show: false } }],
  }
}
