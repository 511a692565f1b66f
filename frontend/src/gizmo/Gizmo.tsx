import { useEffect, useState, type KeyboardEvent, type PointerEvent } from 'react'
import { LIMITS, type GaussianBlob } from '../document/types'
import type { Vec3 } from '../geometry/vec3'
import type { Camera, Viewport } from '../viewer/camera'
import { viewAxes } from '../viewer/camera'
import type { Axis, Pose } from './drag'
import { layHandles, toPath, type AxisHandles, type Point } from './handles'
import { followKey, followPointer, readout, type Gesture, type Transform } from './modal'

interface GizmoProps {
  readonly blob: GaussianBlob
  readonly camera: Camera
  readonly viewport: Viewport
  /** `snap`: moved freely by the pointer, without Alt. */
  readonly onPreview: (pose: Pose, snap: boolean) => void
  readonly onKeep: (label: string) => void
  readonly onDrop: () => void
}

/** A handle that is being dragged, and what stands beside the pointer. */
interface Drag {
  readonly key: string
  readonly gesture: Gesture
  readonly from: Point
  readonly ringRadius: number
  readonly text: string
  readonly at: Point
}

const AXIS_NAMES = ['x', 'y', 'z'] as const
const LABELS: Record<Transform, string> = { move: 'Move blob', turn: 'Turn blob', stretch: 'Stretch blob' }

/** Handles on the selected blob. They are plain SVG: each can be dragged, or focused and moved with the arrow keys. */
export function Gizmo({ blob, camera, viewport, onPreview, onKeep, onDrop }: GizmoProps) {
  const pose: Pose = blob
  const handles = layHandles(pose, camera, viewport)
  const [drag, setDrag] = useState<Drag | null>(null)
  const dragging = drag !== null

  useEffect(() => {
    if (!dragging) return
    const drop = (event: globalThis.KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.stopImmediatePropagation()
      setDrag(null)
      onDrop()
    }
    window.addEventListener('keydown', drop, true)
    return () => window.removeEventListener('keydown', drop, true)
  }, [dragging, onDrop])

  const handle = (kind: Transform, axis: Axis | null, key: string) => ({
    onPointerDown: (event: PointerEvent<SVGElement>) => {
      if (event.button !== 0) return
      event.stopPropagation()
      event.currentTarget.setPointerCapture(event.pointerId)
      const at = localPoint(event)
      setDrag({ key, gesture: { kind, axis, start: pose }, from: at, ringRadius: handles.ringRadius, text: '', at })
    },
    onPointerMove: (event: PointerEvent<SVGElement>) => {
      if (drag?.key !== key) return
      const at = localPoint(event)
      const next = followPointer(drag.gesture, drag.from, at, camera, viewport, LIMITS.width, drag.ringRadius)
      onPreview(next, kind === 'move' && axis === null && !event.altKey)
      setDrag({ ...drag, text: readout(drag.gesture, next), at })
    },
    onPointerUp: () => {
      if (drag === null) return
      setDrag(null)
      onKeep(LABELS[kind])
    },
    onPointerCancel: () => {
      setDrag(null)
      onDrop()
    },
    onKeyDown: (event: KeyboardEvent<SVGElement>) => {
      const direction = arrowDirection(event.key, camera)
      if (direction === null) return
      event.preventDefault()
      event.stopPropagation()
      const steps = (event.key === 'ArrowLeft' || event.key === 'ArrowDown' ? -1 : 1) * (event.shiftKey ? 10 : 1)
      onPreview(followKey({ kind, axis, start: pose }, direction, axis === null ? Math.abs(steps) : steps, camera, LIMITS.width), false)
      onKeep(LABELS[kind])
    },
    tabIndex: 0,
    'data-active': drag?.key === key || undefined,
    'data-handle': key,
  })

  return (
    <g className="gizmo" data-busy={dragging || undefined}>
      {handles.axes.map((a) => <Ring key={`r${a.axis}`} axis={a} props={handle('turn', a.axis, `turn-${AXIS_NAMES[a.axis]}`)} />)}
      {handles.axes.filter((a) => !a.hidden).map((a) => (
        <Arrow key={`a${a.axis}`} axis={a} value={blob.center[a.axis]} props={handle('move', a.axis, `move-${AXIS_NAMES[a.axis]}`)} />
      ))}
      {handles.axes.filter((a) => !a.hidden).map((a) => (
        <Knob key={`k${a.axis}`} axis={a} value={blob.widths[a.axis]} props={handle('stretch', a.axis, `stretch-${AXIS_NAMES[a.axis]}`)} />
      ))}
      <g className="gizmo-center" role="button" aria-label="Move the blob in the plane of the screen" {...handle('move', null, 'move')}>
        <circle className="hit" cx={handles.center.x} cy={handles.center.y} r={15} />
        <circle className="dot" cx={handles.center.x} cy={handles.center.y} r={6.5} />
      </g>
      {drag !== null && drag.text !== '' && (
        <g className="readout" transform={`translate(${drag.at.x + 18} ${drag.at.y - 18})`}>
          <rect x={-7} y={-14} width={drag.text.length * 7.2 + 14} height={20} rx={5} />
          <text>{drag.text}</text>
        </g>
      )}
    </g>
  )
}

type HandleProps = React.SVGProps<SVGGElement>

function Arrow({ axis, value, props }: { axis: AxisHandles; value: number; props: HandleProps }) {
  const { stem, tip } = axis
  const angle = Math.atan2(tip.y - stem.y, tip.x - stem.x)
  const head = [-0.42, 0.42].map((turn) => ({ x: tip.x - 13 * Math.cos(angle + turn), y: tip.y - 13 * Math.sin(angle + turn) }))
  const name = AXIS_NAMES[axis.axis]
  return (
    <g className={`handle axis-${name}`} role="slider" aria-label={`Move along the blob's ${name} axis`} aria-valuenow={round(value)} aria-valuetext={`${round(value)} Å`} {...props}>
      <path className="hit" d={toPath([stem, tip])} />
      <path className="line" d={toPath([stem, { x: tip.x - 9 * Math.cos(angle), y: tip.y - 9 * Math.sin(angle) }])} />
      <path className="head" d={`${toPath([tip, ...head])}Z`} />
    </g>
  )
}

function Knob({ axis: { axis, knob }, value, props }: { axis: AxisHandles; value: number; props: HandleProps }) {
  const name = AXIS_NAMES[axis]
  return (
    <g className={`handle axis-${name}`} role="slider" aria-label={`Width along the blob's ${name} axis`} aria-valuenow={round(value)} aria-valuetext={`${round(value)} Å`} {...props}>
      <rect className="hit" x={knob.x - 11} y={knob.y - 11} width={22} height={22} />
      <rect className="knob" x={knob.x - 5} y={knob.y - 5} width={10} height={10} rx={2.5} />
    </g>
  )
}

function Ring({ axis, props }: { axis: AxisHandles; props: HandleProps }) {
  const name = AXIS_NAMES[axis.axis]
  const d = toPath(axis.ring)
  return (
    <g className={`handle ring axis-${name}`} role="slider" aria-label={`Turn about the blob's ${name} axis`} aria-valuenow={0} aria-valuetext="use the arrow keys to turn by 5 degrees" {...props}>
      <path className="hit" d={d} />
      <path className="line" d={d} />
    </g>
  )
}

const round = (x: number): number => Math.round(x * 100) / 100

function localPoint(event: PointerEvent<SVGElement>): Point {
  const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect()
  return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) }
}

/** The direction on the screen that an arrow key means, in the scene; null for other keys. */
export function arrowDirection(key: string, camera: Camera): Vec3 | null {
  const [right, up] = viewAxes(camera)
  const flip = (v: Vec3): Vec3 => [-v[0], -v[1], -v[2]]
  switch (key) {
    case 'ArrowRight': return right
    case 'ArrowLeft': return flip(right)
    case 'ArrowUp': return up
    case 'ArrowDown': return flip(up)
    default: return null
  }
}
