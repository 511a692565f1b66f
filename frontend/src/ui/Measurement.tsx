import { project } from '../viewer/projection'
import type { View } from '../viewer/stage'
import { useSession, useTools } from './context'
import { measure } from '../viewer/measure'

/** Lines between the picked atoms, and what they measure. */
export function Measurement({ view }: { view: View }) {
  const { studio } = useTools()
  const measured = useSession((s) => s.measured)
  const points = measured.map((k) => studio.stage.drawnPosition(k)).filter((p) => p !== null)
  if (points.length === 0 || points.length !== measured.length) return null
  const onScreen = points.map((p) => project(view.camera, view.viewport, p))
  const text = measure(points)
  const [x, y] = [average(onScreen.map((p) => p.x)), average(onScreen.map((p) => p.y))]
  return (
    <g className="measurement" role="img" aria-label={text ?? 'One atom picked'}>
      <polyline points={onScreen.map((p) => `${p.x},${p.y}`).join(' ')} />
      {onScreen.map((p, k) => <circle key={k} cx={p.x} cy={p.y} r={5} />)}
      {text !== null && (
        <g transform={`translate(${x} ${y - 12})`}>
          <rect x={-text.length * 3.8 - 8} y={-15} width={text.length * 7.6 + 16} height={22} rx={6} />
          <text textAnchor="middle">{text}</text>
        </g>
      )}
    </g>
  )
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
