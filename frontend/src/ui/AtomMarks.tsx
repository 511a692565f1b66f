import { useRef, type KeyboardEvent, type PointerEvent } from 'react'
import { element } from '../chemistry/elements'
import { moveAtoms } from '../document/edit'
import type { Design, Scaffold } from '../document/types'
import { scale, sub, type Vec3 } from '../geometry/vec3'
import { rayToPlane } from '../gizmo/drag'
import { arrowDirection } from '../gizmo/Gizmo'
import { viewAxes } from '../viewer/camera'
import { contacts } from '../viewer/contacts'
import { project, rayThrough } from '../viewer/projection'
import type { View } from '../viewer/stage'
import { chooseAtom, chosenAtoms, moveChosen } from './atoms'
import { useActiveRun, useMovingAtoms, useSession, useTools } from './context'
import { explainReason } from './reasons'

/** Rings about the chosen atoms, by which they are dragged, and dashed ones about those that are free to move in a run. */
export function AtomMarks({ design, scaffold, view }: { design: Design; scaffold: Scaffold; view: View }) {
  const { studio } = useTools()
  const chosen = useSession((s) => s.atoms).filter((i) => i < scaffold.numbers.length)
  const drag = useRef<{ design: Design; grabbed: Vec3; from: Vec3; moved: boolean } | null>(null)

  /** Where the pointer is in the plane of the screen through the atom that was grabbed. */
  const under = (event: PointerEvent<SVGElement>, through: Vec3): Vec3 | null => {
    const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect()
    const ray = rayThrough(view.camera, view.viewport, event.clientX - (box?.left ?? 0), event.clientY - (box?.top ?? 0))
    return rayToPlane(ray, through, viewAxes(view.camera)[2])
  }
  const down = (event: PointerEvent<SVGElement>, atom: number) => {
    if (event.button !== 0) return
    event.stopPropagation()
    if (event.shiftKey) {
      chooseAtom(studio, atom, true)
      return
    }
    event.currentTarget.setPointerCapture(event.pointerId)
    const from = under(event, scaffold.positions[atom])
    if (from !== null) drag.current = { design, grabbed: scaffold.positions[atom], from, moved: false }
  }
  const move = (event: PointerEvent<SVGElement>) => {
    const held = drag.current
    const to = held === null ? null : under(event, held.grabbed)
    if (held === null || to === null) return
    held.moved = true
    studio.document.getState().preview(moveAtoms(held.design, chosenAtoms(studio), sub(to, held.from)))
  }
  const up = () => {
    if (drag.current?.moved === true) studio.document.getState().commit('Move atoms')
    drag.current = null
  }
  const cancel = () => {
    drag.current = null
    studio.document.getState().revert()
  }
  const key = (event: KeyboardEvent) => {
    const direction = arrowDirection(event.key, view.camera)
    if (direction === null) return
    event.preventDefault()
    event.stopPropagation()
    moveChosen(studio, scale(direction, event.shiftKey ? 1 : 0.1))
  }
  const ring = (atom: number) => {
    const p = project(view.camera, view.viewport, scaffold.positions[atom])
    return { cx: p.x, cy: p.y, r: element(scaffold.numbers[atom]).ballRadius * p.scale + 4 }
  }
  return (
    <g className="atom-marks">
      {(scaffold.free ?? []).map((atom) => <circle key={`f${atom}`} className="free" {...ring(atom)} />)}
      {chosen.map((atom) => (
        <circle
          key={atom}
          className="chosen"
          role="button"
          tabIndex={0}
          aria-label={`${element(scaffold.numbers[atom]).name} ${atom + 1}, chosen: arrow keys move it`}
          {...ring(atom)}
          onPointerDown={(event) => down(event, atom)}
          onPointerMove={move}
          onPointerUp={up}
          onPointerCancel={cancel}
          onKeyDown={key}
        />
      ))}
    </g>
  )
}

/** Rings about the atoms that the reason of the candidate in focus names, and lines to what stands too near to them. */
export function ReasonMarks({ view }: { view: View }) {
  const { studio } = useTools()
  const record = useActiveRun()
  const focus = useSession((s) => s.hover ?? s.focus)
  const verdict = focus === null ? null : record?.run.verdicts.at(focus)
  const marked = record?.run.phase === 'done' && verdict != null && !verdict.valid
  useMovingAtoms(marked)
  if (!marked) return null
  const named = new Set(explainReason(verdict.reason).atoms)
  const { drawing } = studio.stage
  const { origin, looks } = drawing
  return (
    <g className="reason-marks">
      {origin.flatMap(({ molecule, atom }, k) => {
        const at = molecule === focus && named.has(atom) ? studio.stage.drawnPosition(k) : null
        if (at === null) return []
        const p = project(view.camera, view.viewport, at)
        const r = Math.max(6, looks[k].radius * p.scale + 3)
        return [
          <g key={k}>
            {contacts(drawing, k).map(({ other, distance }) => {
              const q = project(view.camera, view.viewport, studio.stage.drawnPosition(other) ?? at)
              return (
                <g key={other}>
                  <line x1={p.x} y1={p.y} x2={q.x} y2={q.y} />
                  <text x={(p.x + q.x) / 2 + 5} y={(p.y + q.y) / 2}>{distance.toFixed(2)} Å</text>
                </g>
              )
            })}
            <circle cx={p.x} cy={p.y} r={r} />
            <text x={p.x + r + 4} y={p.y + 4}>{looks[k].symbol}{atom + 1}</text>
          </g>,
        ]
      })}
    </g>
  )
}
