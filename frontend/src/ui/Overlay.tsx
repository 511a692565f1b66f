import { useCallback, useEffect } from 'react'
import { anchorOf, sitesOf } from '../document/placement'
import { findBlob, freeHydrogens } from '../document/design'
import { LIMITS, type Design, type GaussianBlob } from '../document/types'
import { SHELL_50 } from '../geometry/ellipsoid'
import { scale, type Vec3 } from '../geometry/vec3'
import { Gizmo } from '../gizmo/Gizmo'
import { followPointer } from '../gizmo/modal'
import { element } from '../chemistry/elements'
import { project, silhouette } from '../viewer/projection'
import type { View } from '../viewer/stage'
import { AtomLabels } from './AtomLabels'
import { AtomMarks, ReasonMarks } from './AtomMarks'
import { CellLabels } from './CellLabels'
import { useActions, useDesign, useMovingAtoms, useSession, useTools, useView } from './context'
import { CompareLabels } from './history/CompareLabels'
import { LeadOverlay } from './LeadOverlay'
import { Measurement } from './Measurement'

/** Pixels that a fingertip needs, WCAG 2.5.8. */
const LEAST_TAP = 24

/** Everything drawn over the canvas in SVG, kept in step with the camera. */
export function Overlay() {
  const view = useView((v) => v)
  const mode = useSession((s) => s.mode)
  const { width, height } = view.viewport
  return (
    <>
      <svg className="overlay" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="group" aria-label="Handles">
        {mode === 'design' && <DesignOverlay view={view} />}
        {mode === 'results' && <LeadOverlay view={view} />}
        {mode === 'results' && <ReasonMarks view={view} />}
        <AtomLabels view={view} />
        <HoverRing view={view} />
        <Measurement view={view} />
      </svg>
      {mode === 'results' && <CellLabels view={view} />}
      {mode === 'compare' && <CompareLabels view={view} />}
    </>
  )
}

function DesignOverlay({ view }: { view: View }) {
  const design = useDesign((d) => d)
  const selected = useSession((s) => s.selected)
  const tool = useSession((s) => s.tool)
  const modal = useSession((s) => s.modal)
  const actions = useActions()
  const blob = findBlob(design, selected)
  const drop = useCallback(() => actions.poses.drop(), [actions])
  useModalPointer(view)
  return (
    <>
      <Sites design={design} view={view} prominent={tool === 'attach' || design.blobs.length === 0} />
      {design.scaffold !== null && <AtomMarks design={design} scaffold={design.scaffold} view={view} />}
      {design.blobs.map((b) => <BlobOutline key={b.id} blob={b} design={design} view={view} selected={b.id === selected} />)}
      {blob !== undefined && tool === 'select' && modal === null && (
        <Gizmo
          blob={blob}
          camera={view.camera}
          viewport={view.viewport}
          onPreview={(pose, snap) => actions.poses.preview(blob.id, pose, snap)}
          onKeep={(label) => actions.poses.keep(label)}
          onDrop={drop}
        />
      )}
    </>
  )
}

function BlobOutline({ blob, design, view, selected }: { blob: GaussianBlob; design: Design; view: View; selected: boolean }) {
  const { camera, viewport } = view
  const e = silhouette(camera, viewport, { center: blob.center, rotation: blob.rotation, radii: scale(blob.widths, SHELL_50) })
  const { scaffold } = design
  const sites = scaffold === null ? [] : sitesOf(blob)
  const anchors = scaffold === null ? [] : [...new Set(sites.map((site) => anchorOf(scaffold, site)))].filter((i) => i >= 0)
  const center = project(camera, viewport, blob.center)
  return (
    <g className="blob-outline" data-selected={selected || undefined}>
      {scaffold !== null && anchors.map((i) => {
        const bond = project(camera, viewport, scaffold.positions[i])
        return <line key={i} x1={bond.x} y1={bond.y} x2={center.x} y2={center.y} />
      })}
      <ellipse cx={e.x} cy={e.y} rx={e.rx} ry={e.ry} transform={`rotate(${(e.angle * 180) / Math.PI} ${e.x} ${e.y})`} />
      {scaffold !== null && sites.map((site) => <GoneMark key={site} at={scaffold.positions[site]} view={view} />)}
    </g>
  )
}

/** The cross on a hydrogen that is to go. */
function GoneMark({ at, view }: { at: Vec3; view: View }) {
  const p = project(view.camera, view.viewport, at)
  const r = Math.max(4, Math.min(9, 0.2 * p.scale))
  return <path className="gone" d={`M${p.x - r} ${p.y - r}l${2 * r} ${2 * r}M${p.x + r} ${p.y - r}l${-2 * r} ${2 * r}`} />
}

/** A ring about every hydrogen that a click would open. The rings can be focused; the mouse goes through them to the atoms. */
function Sites({ design, view, prominent }: { design: Design; view: View; prominent: boolean }) {
  const { actions, studio } = useTools()
  const { scaffold } = design
  useMovingAtoms(scaffold !== null)
  if (scaffold === null) return null
  const { looks } = studio.stage.drawing
  return (
    <g className="sites" data-prominent={prominent || undefined}>
      {freeHydrogens(design).map((i) => {
        const p = project(view.camera, view.viewport, scaffold.positions[i])
        const anchor = anchorOf(scaffold, i)
        const on = anchor < 0 ? '' : ` on ${element(scaffold.numbers[anchor]).name} ${anchor + 1}`
        return (
          <circle
            key={i}
            cx={p.x}
            cy={p.y}
            r={Math.max(LEAST_TAP / 2, element(1).ballRadius * p.scale + 4)}
            data-hidden={looks.at(i)?.radius === 0 || undefined}
            role="button"
            tabIndex={0}
            aria-label={`Open a site at hydrogen ${i + 1}${on}`}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' && event.key !== ' ') return
              event.preventDefault()
              event.stopPropagation()
              actions.openSite(i)
            }}
          />
        )
      })}
    </g>
  )
}

function HoverRing({ view }: { view: View }) {
  const { studio } = useTools()
  const hoverAtom = useSession((s) => s.hoverAtom)
  const tool = useSession((s) => s.tool)
  useMovingAtoms(hoverAtom !== null)
  if (hoverAtom === null) return null
  const at = studio.stage.drawnPosition(hoverAtom)
  if (at === null) return null
  const look = studio.stage.drawing.looks[hoverAtom]
  const p = project(view.camera, view.viewport, at)
  const r = look.radius * p.scale + 4
  return (
    <g className="hover-ring">
      <circle cx={p.x} cy={p.y} r={r} />
      {tool !== 'measure' && look.number === 1 && <text x={p.x} y={p.y - r - 8} textAnchor="middle">Grow here</text>}
    </g>
  )
}

/** While G, R or S is in force the pointer moves the blob without being pressed; a click keeps it. */
function useModalPointer(view: View): void {
  const { studio, actions } = useTools()
  const modal = useSession((s) => s.modal)
  useEffect(() => {
    if (modal === null) return
    const local = (event: PointerEvent) => {
      const box = window.document.querySelector('.stage-host')?.getBoundingClientRect()
      return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) }
    }
    const move = (event: PointerEvent) => {
      const at = local(event)
      if (modal.from === null) {
        studio.session.setState({ modal: { ...modal, from: at } })
        return
      }
      actions.poses.preview(modal.blob, followPointer(modal, modal.from, at, view.camera, view.viewport, LIMITS.width), modal.kind === 'move' && modal.axis === null && !event.altKey)
    }
    const keep = (event: PointerEvent) => {
      event.preventDefault()
      event.stopPropagation()
      actions.poses.end(true)
    }
    window.addEventListener('pointermove', move)
    window.addEventListener('pointerdown', keep, true)
    return () => {
      window.removeEventListener('pointermove', move)
      window.removeEventListener('pointerdown', keep, true)
    }
  }, [modal, studio, actions, view.camera, view.viewport])
}
