import { fromView } from '../../viewer/camera'
import { cellCenter } from '../../viewer/layout'
import { project } from '../../viewer/projection'
import { add } from '../../geometry/vec3'
import type { View } from '../../viewer/stage'
import { useDesk, useDocument } from '../context'
import { placeName } from './places'

/** A and B under the two designs that are compared. */
export function CompareLabels({ view: { grid, camera, viewport, pivot, radius } }: { view: View }) {
  const places = useDesk((d) => d.compared)
  const history = useDocument((s) => s.history)
  if (places === null || grid === null) return null
  return (
    <div className="cell-labels" aria-hidden="true">
      {places.map((place, k) => {
        const [x, y] = cellCenter(grid, 2, k)
        const p = project(camera, viewport, add(pivot, fromView(camera, [x, y - 0.85 * radius, 0])))
        return (
          <div key={k} className="cell-label" style={{ maxWidth: Math.min(300, grid.cellWidth * p.scale - 8), transform: `translate(-50%, 0) translate(${p.x.toFixed(1)}px, ${p.y.toFixed(1)}px)` }}>
            <b>{'AB'.charAt(k)}</b><span className="cell-name">{placeName(history, place)}</span>
          </div>
        )
      })}
    </div>
  )
}
