import { useCallback } from 'react'
import { SHELL_50 } from '../geometry/ellipsoid'
import { conjugate, multiply } from '../geometry/quat'
import { add, scale, sub } from '../geometry/vec3'
import { Gizmo } from '../gizmo/Gizmo'
import type { Pose } from '../gizmo/drag'
import type { Place } from '../viewer/drawn'
import { inPlace } from '../viewer/layout'
import { silhouette } from '../viewer/projection'
import type { View } from '../viewer/stage'
import { useActions, useActiveRunButVerdicts, useDesign, useSession, useTools } from './context'
import { homeward, leadingBlob, leadingPlace } from './leading'

/** While a run is live its blob can be led: handles in the cell of the candidate in focus, or of the first. */
export function LeadOverlay({ view }: { view: View }) {
  const { studio } = useTools()
  const actions = useActions()
  const design = useDesign((d) => d)
  const selected = useSession((s) => s.selected)
  const focus = useSession((s) => s.focus)
  const modal = useSession((s) => s.modal)
  const record = useActiveRunButVerdicts()
  const drop = useCallback(() => actions.poses.drop(), [actions])
  if (record === null || !studio.runs.follows(design)) return null
  const blob = leadingBlob(design, selected)
  if (blob === undefined) return null
  const { camera, viewport, pivot } = view
  const place = leadingPlace(view, record, focus)
  const there = { ...blob, ...moved(blob, place, pivot) }
  const e = silhouette(camera, viewport, { center: there.center, rotation: there.rotation, radii: scale(blob.widths, SHELL_50) })
  return (
    <g className="lead">
      <g className="blob-outline" data-selected>
        <ellipse cx={e.x} cy={e.y} rx={e.rx} ry={e.ry} transform={`rotate(${(e.angle * 180) / Math.PI} ${e.x} ${e.y})`} />
      </g>
      {modal === null && (
        <Gizmo
          blob={there}
          camera={camera}
          viewport={viewport}
          onPreview={(pose, snap) => actions.poses.preview(blob.id, home(pose, place, pivot), snap)}
          onKeep={(label) => actions.poses.keep(label.replace('blob', 'blob of the run'))}
          onDrop={drop}
        />
      )}
    </g>
  )
}

const moved = (pose: Pose, place: Place, center: View['pivot']): Pose => ({
  center: inPlace(place, center, pose.center),
  rotation: multiply(place.turn, pose.rotation),
  widths: pose.widths,
})

/** Back from a cell to where the design has it. */
function home(pose: Pose, place: Place, center: View['pivot']): Pose {
  const { turn, offset } = place
  return { center: add(center, homeward(place, sub(sub(pose.center, offset), center))), rotation: multiply(conjugate(turn), pose.rotation), widths: pose.widths }
}
