import { measure } from '../viewer/measure'
import { project } from '../viewer/projection'
import type { View } from '../viewer/stage'
import { useMovingAtoms, useSession, useTools } from './context'
import { atomName } from './tables/atoms'

const KINDS = ['', '', 'Distance', 'Angle', 'Dihedral']

/** Lines between the picked atoms, what they measure, and of which atoms. */
export function Measurement({ view }: { view: View }) {
  const { stage } = useTools().studio
  const measured = useSession((s) => s.measured)
  useMovingAtoms(measured.length > 0)
  const points = measured.map((k) => stage.drawnPosition(k)).filter((p) => p !== null)
  if (points.length === 0 || points.length !== measured.length) return null
  const { looks, origin } = stage.drawing
  const names = measured.map((k) => atomName(looks[k].number, origin[k].atom)).join('–')
  const onScreen = points.map((p) => project(view.camera, view.viewport, p))
  const text = measure(points)
  const [x, y] = [average(onScreen.map((p) => p.x)), average(onScreen.map((p) => p.y))]
  const half = Math.max((text ?? '').length * 3.8, names.length * 3.3) + 9
  return (
    <g className="measurement" role="img" aria-label={text === null ? `${names} picked` : `${KINDS[points.length]} ${names}: ${text}`}>
      <polyline points={onScreen.map((p) => `${p.x},${p.y}`).join(' ')} />
      {onScreen.map((p, k) => <circle key={k} cx={p.x} cy={p.y} r={5} />)}
      {text !== null && (
        <g transform={`translate(${x} ${y - 18})`}>
          <rect x={-half} y={-21} width={2 * half} height={36} rx={6} />
          <text textAnchor="middle" y={-6}>{text}</text>
          <text className="measurement-names" textAnchor="middle" y={8}>{names}</text>
        </g>
      )}
    </g>
  )
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
