import { useEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { scaffoldFrom } from '../../document/design'
import { propertiesOf } from '../../service/molecules'
import type { Candidate } from '../../stream/protocol'
import { useActions, useSession } from '../context'
import { useShownTheme } from '../useTheme'
import { drawWhenIdle } from './plot'

const HEIGHT = 170

interface Point {
  readonly candidate: number
  readonly logp: number
  readonly tpsa: number
}

/** logP against polar surface: how much the candidates of one run differ. A click on a point goes to its candidate. */
export default function PropertyPlot({ candidates }: { candidates: readonly Candidate[] }) {
  const points = usePoints(candidates)
  const actions = useActions()
  const focus = useSession((s) => s.focus)
  const theme = useShownTheme()
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = host.current
    if (element === null || points === null || points.length === 0) return
    const data: uPlot.AlignedData = [points.map((p) => p.logp), points.map((p) => p.tpsa)]
    const draw = (width: number) => new uPlot({ ...options(points, focus, readColors(element)), width }, data, element)
    return drawWhenIdle(element, draw, (at) => actions.running.focus(points[at].candidate))
  }, [points, focus, theme, actions])
  if (points === null) return <div className="property-plot" aria-busy="true" />
  return (
    <figure className="property-plot">
      <figcaption>Valid candidates: logP across, polar surface (Å²) up</figcaption>
      <div ref={host} style={{ height: HEIGHT }} aria-hidden="true" />
      <ul className="visually-hidden">
        {points.map((p) => <li key={p.candidate}>Candidate {p.candidate + 1}: logP {p.logp.toFixed(2)}, polar surface {p.tpsa.toFixed(1)} Å²</li>)}
      </ul>
    </figure>
  )
}

/** Of the valid candidates, by logP; null while they are worked out. */
function usePoints(candidates: readonly Candidate[]): readonly Point[] | null {
  const [found, setFound] = useState<{ of: readonly Candidate[]; points: readonly Point[] } | null>(null)
  useEffect(() => {
    let wanted = true
    const asked = candidates.flatMap((c, candidate) =>
      c.valid ? [propertiesOf(scaffoldFrom(c)).then((p): Point[] => [{ candidate, logp: p.logp, tpsa: p.tpsa }], () => [])] : [],
    )
    void Promise.all(asked).then((points) => {
      if (wanted) setFound({ of: candidates, points: points.flat().sort((a, b) => a.logp - b.logp) })
    })
    return () => {
      wanted = false
    }
  }, [candidates])
  return useMemo(() => (found?.of === candidates ? found.points : null), [found, candidates])
}

interface Colors {
  readonly text: string
  readonly line: string
  readonly dot: string
  readonly chosen: string
}

function readColors(element: Element): Colors {
  const style = getComputedStyle(element)
  const read = (name: string): string => style.getPropertyValue(name).trim()
  return { text: read('--text-soft'), line: read('--line'), dot: read('--focus'), chosen: read('--blob') }
}

function options(points: readonly Point[], focus: number | null, { text, line, dot, chosen }: Colors): Omit<uPlot.Options, 'width'> {
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '11px sans-serif' }
  const room = (low: number, high: number): [number, number] => {
    const margin = Math.max(0.15 * (high - low), 0.25)
    return [low - margin, high + margin]
  }
  const drawDots = (plot: uPlot) => {
    const ratio = uPlot.pxRatio
    points.forEach((p) => {
      const own = p.candidate === focus
      plot.ctx.beginPath()
      plot.ctx.arc(plot.valToPos(p.logp, 'x', true), plot.valToPos(p.tpsa, 'y', true), (own ? 6 : 4.5) * ratio, 0, 2 * Math.PI)
      plot.ctx.fillStyle = own ? chosen : dot
      plot.ctx.globalAlpha = own ? 1 : 0.65
      plot.ctx.fill()
    })
    plot.ctx.globalAlpha = 1
  }
  return {
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 12 } },
    scales: { x: { time: false, range: (_, low, high) => room(low, high) }, y: { range: (_, low, high) => room(low, high) } },
    axes: [{ ...axis, size: 24 }, { ...axis, size: 34 }],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: { draw: [drawDots] },
  }
}
