import { project } from '../viewer/projection'
import { readable } from '../viewer/labels'
import { isShown } from '../viewer/look'
import type { View } from '../viewer/stage'
import { useMovingAtoms, useLook, useSession, useTools } from './context'

/** Å that a label's letters are high, within limits in pixels: labels grow with what they name. */
const HEIGHT = 0.42
const SMALLEST = 10
const LARGEST = 17

/** Elements, or elements and numbers, written upon the atoms. */
export function AtomLabels({ view: { camera, viewport } }: { view: View }) {
  const { stage } = useTools().studio
  const labels = useLook((l) => l.labels)
  const measured = useSession((s) => s.measured)
  useMovingAtoms(labels !== 'none')
  if (labels === 'none') return null
  const { looks, origin } = stage.drawing
  const placed = looks.flatMap((look, k) => {
    // Measured atoms have a dot there, and their names in the measurement.
    const at = isShown(look) && !measured.includes(k) ? stage.drawnPosition(k) : null
    if (at === null) return []
    const text = labels === 'elements' ? look.symbol : `${look.symbol}${origin[k].atom + 1}`
    const { x, y, depth, scale } = project(camera, viewport, at)
    return [{ k, x, y, depth, text, font: Math.min(LARGEST, Math.max(SMALLEST, HEIGHT * scale)), hydrogen: look.number === 1 }]
  })
  return (
    <g className="atom-labels" aria-hidden="true">
      {readable(placed).map(({ k, x, y, font, text }) => <text key={k} x={x} y={y} fontSize={font}>{text}</text>)}
    </g>
  )
}
