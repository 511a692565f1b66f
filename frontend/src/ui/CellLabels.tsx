import { candidateState, type CandidateState } from '../stream/run'
import { fromView } from '../viewer/camera'
import { cellCenter } from '../viewer/layout'
import { project } from '../viewer/projection'
import { add } from '../geometry/vec3'
import type { View } from '../viewer/stage'
import { useActiveRun, useSession } from './context'
import { explainReason } from './reasons'
import { CheckIcon, CrossIcon } from './icons'

/** Number and verdict under each molecule of the grid. */
export function CellLabels({ view }: { view: View }) {
  const record = useActiveRun()
  const layout = useSession((s) => s.layout)
  const focus = useSession((s) => s.focus)
  const hover = useSession((s) => s.hover)
  const { grid, camera, viewport, pivot, radius } = view
  if (record === null) return null
  const count = record.run.spec.n_samples ?? 1
  const label = (k: number, x: number, y: number, room: number) => (
    <div
      key={k}
      className="cell-label"
      data-focus={k === focus || undefined}
      data-hover={k === hover || undefined}
      style={{ maxWidth: room, transform: `translate(-50%, 0) translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)` }}
    >
      <b>{k + 1}</b>
      <VerdictMark state={candidateState(record.run, k)} smiles={record.run.verdicts.at(k)?.smiles ?? ''} reason={record.run.verdicts.at(k)?.reason ?? null} room={room} />
    </div>
  )
  if (grid === null) {
    const chosen = layout === 'overlay' ? (hover ?? focus) : focus // the one that stands out
    if (layout === 'overlay' && chosen === null) return null
    const k = layout === 'grid' ? 0 : (chosen ?? 0)
    return <div className="cell-labels" aria-hidden="true">{label(k, viewport.width / 2, viewport.height - (layout === 'grid' ? 42 : 70), 420)}</div>
  }
  return (
    <div className="cell-labels" aria-hidden="true">
      {Array.from({ length: count }, (_, k) => {
        const [cx, cy] = cellCenter(grid, count, k)
        const p = project(camera, viewport, add(pivot, fromView(camera, [cx, cy - 0.8 * radius, 0])))
        return label(k, p.x, p.y + 2, Math.min(300, grid.cellWidth * p.scale - 8))
      })}
    </div>
  )
}

function VerdictMark({ state, smiles, reason, room }: { state: CandidateState; smiles: string; reason: string | null; room: number }) {
  const words = room > 120
  if (state === 'valid') return <span className="valid"><CheckIcon />{words && <em>{smiles}</em>}</span>
  if (state === 'invalid') return <span className="invalid"><CrossIcon />{words && <q>{room > 190 ? explainReason(reason).short : 'not valid'}</q>}</span>
  if (state === 'promising' && words) return <span className="promising"><em>{smiles}</em></span>
  return null
}
