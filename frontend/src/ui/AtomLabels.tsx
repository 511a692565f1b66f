import { project } from '../viewer/projection'
import { readable } from '../viewer/labels'
import { isShown } from '../viewer/look'
import type { View } from '../viewer/stage'
import { useMovingAtoms, useLook, useTools } from './context'

/** Å that a label's letters are high, within limits in pixels: labels grow with what they name. */
const HEIGHT = 0.42
const SMALLEST = 10
const LARGEST = 17

/** Elements, or elements and numbers, written upon the atoms. */
export function AtomLabels({ view: { camera, viewport } }: { view: View }) {
  const { stage } = useTools().studio
  const labels = useLook((l) => l.labels)
  useMovingAtoms(labels !== 'none')
  if (labels === 'none') return null
  const { looks, origin } = stage.drawing
  const placed = looks.flatMap((look, k) => {
    const at = isShown(look) ? stage.drawnPosition(k) : null
    const text = labels === 'elements' ? look.symbol : `${look.symbol}${origin[k].atom + 1}`
    return at === null ? [] : [{ k, text, hydrogen: look.number === 1, ...project(camera, viewport, at) }]
  })
  const font = ({ scale }: { scale: number }) => Math.min(LARGEST, Math.max(SMALLEST, HEIGHT * scale))
  return (
    <g className="atom-labels" aria-hidden="true">
      {readable(placed, font).map((label) => (
        <text key={label.k} x={label.x} y={label.y} fontSize={font(label)}>{label.text}</text>
      ))}
    </g>
  )
}
