import { useEffect, useRef } from 'react'
import { useStore } from 'zustand'
import type { RunRecord } from '../stream/record'
import { reelOf } from '../studio'
import { attachControls } from '../viewer/controls'
import { rayThrough } from '../viewer/projection'
import type { Shells } from '../viewer/drawn'
import { rayToPlane } from '../gizmo/drag'
import { viewAxes } from '../viewer/camera'
import { aboutRun } from './aboutRun'
import { chooseAtom, chooseAtoms } from './atoms'
import type { Tools } from './context'
import { useActions, useActiveRunButVerdicts, useDesign, useSession, useTools, useView } from './context'
import { IconButton, Segmented } from './controls'
import { FitIcon } from './icons'
import { LookMenu } from './LookMenu'
import { Overlay } from './Overlay'
import type { Mode } from './session'
import { pansBySpace, spaceKey } from './spaceKey'

/** The 3D view with everything that lies upon it. */
export function StageView() {
  const host = useRef<HTMLDivElement>(null)
  const tools = useTools()
  const tool = useSession((s) => s.tool)
  const panning = useStore(spaceKey, (s) => s.is !== 'up')
  const pointing = useSession((s) => s.hoverAtom !== null || s.hover !== null)

  useEffect(() => {
    const element = host.current
    if (element === null) return
    const { stage } = tools.studio
    const unmount = stage.mount(element)
    const detach = attachControls(element, element.parentElement ?? element, {
      onOrbit: (dx, dy) => stage.orbit(dx, dy),
      onPan: (dx, dy) => stage.pan(dx, dy),
      onZoom: (factor, x, y) => stage.zoom(factor, x, y),
      onClick: (x, y, adding) => click(tools, x, y, adding),
      onHover: (x, y) => hover(tools, x, y),
      pans: pansBySpace,
      onLeave: () => tools.studio.session.setState({ hoverAtom: null, hover: null }),
    })
    return () => {
      detach()
      unmount()
    }
  }, [tools])

  return (
    <main className="stage" aria-label="3D view" data-panning={panning || undefined}>
      <div ref={host} className="stage-host" data-tool={tool} data-pointing={pointing || undefined} />
      <Overlay />
      <Hud />
      <NoGraphics />
    </main>
  )
}

/** Everything but the picture works without WebGL, so the page says what is missing and goes on. */
function NoGraphics() {
  const failure = useView((v) => v.failure)
  return failure === null ? null : <p className="no-graphics" role="alert"><b>No 3D view.</b> {failure}</p>
}

/** What a click on the canvas means depends on the tool and on what lies there. */
function click({ studio, actions }: Tools, x: number, y: number, adding: boolean): void {
  const { tool, mode, measured, modal } = studio.session.getState()
  if (modal !== null || (mode === 'compare' && tool !== 'measure')) return
  const atom = studio.stage.atomAt(x, y)
  if (tool === 'measure') {
    if (atom >= 0) studio.session.setState({ measured: nextMeasured(studio.stage.drawing.origin, measured, atom) })
    else studio.session.setState({ measured: [] })
    return
  }
  if (mode === 'results') {
    const molecule = studio.stage.cellAt(x, y)
    if (molecule !== null) actions.running.focus(molecule)
    return
  }
  if (tool === 'blob') {
    placeAt({ studio, actions }, x, y)
    return
  }
  const { design } = studio.document.getState()
  const number = atom < 0 ? undefined : design.scaffold?.numbers[atom]
  if (number === 1 && !adding) {
    actions.openSite(atom)
    return
  }
  if (number !== undefined && tool === 'select') {
    chooseAtom(studio, atom, adding)
    return
  }
  chooseAtoms(studio, [])
  actions.select(studio.stage.blobAt(x, y))
}

/** A fifth atom, or one of another molecule, begins anew; an atom picked twice is let go. */
function nextMeasured(origin: readonly { molecule: number }[], measured: readonly number[], atom: number): readonly number[] {
  if (measured.includes(atom)) return measured.filter((k) => k !== atom)
  const same = measured.every((k) => k < origin.length && origin[k].molecule === origin[atom].molecule)
  return same && measured.length < 4 ? [...measured, atom] : [atom]
}

function placeAt({ studio, actions }: Pick<Tools, 'studio' | 'actions'>, x: number, y: number): void {
  const { camera, viewport } = studio.stage.view.getState()
  const point = rayToPlane(rayThrough(camera, viewport, x, y), camera.target, viewAxes(camera)[2])
  if (point !== null) actions.placeBlob(point)
}

function hover({ studio }: Tools, x: number, y: number): void {
  const { mode, tool, hoverAtom, hover: before } = studio.session.getState()
  const atom = studio.stage.atomAt(x, y)
  const { design } = studio.document.getState()
  const number = atom < 0 ? undefined : design.scaffold?.numbers[atom]
  const useful = mode === 'design' && (tool === 'select' ? number !== undefined : tool === 'attach' && number === 1)
  const nextAtom = useful || (tool === 'measure' && atom >= 0) ? atom : null
  const nextHover = mode === 'results' && atom >= 0 ? studio.stage.drawing.origin[atom].molecule : null
  if (nextAtom !== hoverAtom || nextHover !== before) studio.session.setState({ hoverAtom: nextAtom, hover: nextHover })
}

function Hud() {
  const actions = useActions()
  const { studio } = useTools()
  const mode = useSession((s) => s.mode)
  const layout = useSession((s) => s.layout)
  const record = useActiveRunButVerdicts()
  const blobs = useDesign((d) => d.blobs.length)
  const count = record?.run.spec.n_samples ?? 0
  return (
    <>
      <div className="hud hud-top">
        <Segmented
          label="What the view shows"
          value={mode}
          options={[
            { value: 'design', label: 'Design' },
            { value: 'results', label: count > 0 ? `Candidates · ${count}` : 'Candidates', disabled: record === null },
          ]}
          onChange={(next) => actions.setMode(next)}
        />
      </div>
      <div className="hud hud-right">
        {mode === 'results' && count > 1 && (
          <Segmented
            label="How candidates are laid out"
            value={layout}
            options={[
              { value: 'grid', label: 'Side by side' },
              { value: 'overlay', label: 'Overlay' },
              { value: 'single', label: 'One' },
            ]}
            onChange={(next) => actions.running.layOut(next)}
          />
        )}
        <LookMenu />
        {mode === 'design' && blobs > 0 && <ShellsButton />}
        <IconButton label="Fit everything into the view" keys="F" side="left" className="floating" onClick={() => studio.stage.frame()}><FitIcon /></IconButton>
      </div>
      <Legend mode={mode} hasBlobs={blobs > 0} record={record} />
      <ModalHint />
    </>
  )
}

const SHELLS: Record<Shells, { next: Shells; label: string }> = {
  both: { next: '50', label: 'Shells: 50 % and 95 %' },
  '50': { next: '95', label: 'Shell: 50 %' },
  '95': { next: 'both', label: 'Shell: 95 %' },
}

function ShellsButton() {
  const { studio } = useTools()
  const shells = useSession((s) => s.shells)
  return (
    <IconButton label={SHELLS[shells].label} side="left" className="floating shells" onClick={() => studio.session.setState({ shells: SHELLS[shells].next })}>
      <svg className="icon" viewBox="0 0 20 20" width="20" height="20" fill="none" stroke="currentColor" strokeWidth="1.6" aria-hidden="true">
        {shells !== '50' && <circle cx="10" cy="10" r="7.2" strokeDasharray="2.6 2.2" />}
        {shells !== '95' && <circle cx="10" cy="10" r="3.8" fill="currentColor" fillOpacity="0.35" />}
      </svg>
    </IconButton>
  )
}

function Legend({ mode, hasBlobs, record }: { mode: Mode; hasBlobs: boolean; record: RunRecord | null }) {
  const { studio } = useTools()
  const shells = useSession((s) => s.shells)
  const tool = useSession((s) => s.tool)
  const layout = useSession((s) => s.layout)
  const busy = useSession((s) => s.modal !== null)
  const isEmpty = useDesign((d) => d.scaffold === null && d.blobs.length === 0)
  const text =
    tool === 'measure' ? 'Click 2, 3 or 4 atoms for a distance, an angle or a dihedral'
    : tool === 'blob' && mode === 'design' ? 'Click where the new blob shall be'
    : mode === 'results' ? (record === null ? null : (aboutRun(record, reelOf(studio.runs)) ?? (layout === 'grid' || (record.run.spec.n_samples ?? 1) < 2 ? null : '← → go through them')))
    : hasBlobs ? (shells === 'both' ? 'Shells hold 50 % and 95 % of the blob' : `The shell holds ${shells} % of the blob`)
    : isEmpty ? 'Nothing here yet: place a blob, or drop a file of a molecule here'
    : null
  return text === null || busy ? null : <p className="hud legend">{text}</p>
}

const VERBS = { move: 'Move', turn: 'Turn', stretch: 'Stretch' } as const

const UNITS = { move: 'Å', turn: '°', stretch: '×' } as const

function ModalHint() {
  const modal = useSession((s) => s.modal)
  if (modal === null) return null
  const axis = modal.axis === null ? 'X Y Z choose an axis' : `${modal.kind === 'turn' ? 'about' : 'along'} ${'xyz'.charAt(modal.axis)}`
  return (
    <p className="hud modal-hint" role="status">
      <b>{VERBS[modal.kind]}</b> {axis} · {modal.typed === '' ? 'arrows, mouse or a number' : <b>{modal.typed} {UNITS[modal.kind]}</b>} · Enter keeps · Esc drops
    </p>
  )
}
