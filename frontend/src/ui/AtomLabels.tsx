import { project } from '../viewer/projection'
import { isShown } from '../viewer/look'
import type { View } from '../viewer/stage'
import { useMovingAtoms, useLook, useTools } from './context'

/** Å that a label's letters are high, within limits in pixels: labels grow with what they name. */
const HEIGHT = 0.42
const SMALLEST = 9
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
    return at === null ? [] : [{ k, text: labels === 'elements' ? look.symbol : `${look.symbol}${origin[k].atom + 1}`, p: project(camera, viewport, at) }]
  })
  placed.sort((a, b) => b.p.depth - a.p.depth)
  return (
    <g className="atom-labels" aria-hidden="true">
      {placed.map(({ k, text, p }) => (
        <text key={k} x={p.x} y={p.y} fontSize={Math.min(LARGEST, Math.max(SMALLEST, HEIGHT * p.scale))}>{text}</text>
      ))}
    </g>
  )
}
