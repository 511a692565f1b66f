import { labelPlace, measure } from '../viewer/measure'
import { project } from '../viewer/projection'
import type { View } from '../viewer/stage'
import { useMovingAtoms, useSession, useTools } from './context'
import { atomName } from './tables/atoms'

/** Of the label, pixels: two lines of text. */
const HALF_HEIGHT = 18
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
  const line = onScreen.map((p) => `${p.x},${p.y}`).join(' ')
  const text = measure(points)
  const half = Math.max((text ?? '').length * 3.8, names.length * 3.3) + 9
  const own = origin.flatMap((o, k) => o.molecule === origin[measured[0]].molecule ? [stage.drawnPosition(k)] : [])
    .flatMap((p) => p === null ? [] : [project(view.camera, view.viewport, p)])
  const { x, y } = labelPlace(
    onScreen.map((p, k) => ({ x: p.x, y: p.y, r: looks[measured[k]].radius * p.scale })),
    { x: average(own.map((p) => p.x)), y: average(own.map((p) => p.y)) },
    { halfWidth: half, halfHeight: HALF_HEIGHT },
    view.viewport,
  )
  return (
    <g className="measurement" role="img" aria-label={text === null ? `${names} picked` : `${KINDS[points.length]} ${names}: ${text}`}>
      <polyline className="halo" points={line} />
      <polyline points={line} />
      {onScreen.map((p, k) => <circle key={k} cx={p.x} cy={p.y} r={5} />)}
      {text !== null && (
        <g transform={`translate(${x} ${y})`}>
          <rect x={-half} y={-HALF_HEIGHT} width={2 * half} height={2 * HALF_HEIGHT} rx={6} />
          <text textAnchor="middle" y={-3}>{text}</text>
          <text className="measurement-names" textAnchor="middle" y={11}>{names}</text>
        </g>
      )}
    </g>
  )
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
