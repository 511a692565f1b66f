import { findBlob, updateBlob } from '../document/design'
import { sitesOf, snapToBond } from '../document/placement'
import { LIMITS } from '../document/types'
import type { Vec3 } from '../geometry/vec3'
import type { Axis, Pose } from '../gizmo/drag'
import { followKey, followNumber, type Transform } from '../gizmo/modal'
import { Acting, byHand } from './acting'
import { leadingBlob } from './leading'

const LABELS: Record<Transform, string> = { move: 'Move blob', turn: 'Turn blob', stretch: 'Stretch blob' }

/** Moving, turning and stretching a blob: shown on the way, kept or dropped at the end; by handles, or by G, R and S. */
export class Poses extends Acting {
  /** Shows a pose that is being changed. With `snap` it jumps onto the line of its bond when it comes near. */
  preview(id: string, dragged: Pose, snap = false): void {
    const blob = findBlob(this.design, id)
    const { scaffold } = this.design
    const site = snap && blob !== undefined && sitesOf(blob).length === 1 ? blob.site : null
    const pose = site !== null && scaffold !== null ? { ...dragged, center: snapToBond(scaffold, site, dragged.center) } : dragged
    this.studio.document.getState().preview(updateBlob(this.design, id, byHand(findBlob(this.design, id), pose)))
  }

  keep(label: string): void {
    this.studio.document.getState().commit(label)
  }

  drop(): void {
    this.studio.document.getState().revert()
  }

  start(kind: Transform): void {
    const { selected } = this.studio.session.getState()
    const leads = this.leads(this.design)
    const blob = leads ? leadingBlob(this.design, selected) : findBlob(this.design, selected)
    if (blob === undefined) return
    if (!leads) this.setMode('design')
    const { center, widths, rotation } = blob
    this.studio.session.setState({ tool: 'select', modal: { blob: blob.id, kind, axis: null, start: { center, widths, rotation }, from: null, typed: '' } })
  }

  /** Begins again from the start pose, along one axis; the same axis twice lets it go. */
  setAxis(axis: Axis): void {
    const { modal } = this.studio.session.getState()
    if (modal === null) return
    this.drop()
    this.studio.session.setState({ modal: { ...modal, axis: modal.axis === axis ? null : axis, from: null } })
    if (modal.typed !== '') this.type(modal.typed)
  }

  /** A number typed in a modal transform: Å along the axis (x without one), degrees about it, or a factor. */
  type(typed: string): void {
    const { modal } = this.studio.session.getState()
    if (modal === null) return
    const { camera } = this.studio.stage.view.getState()
    const value = Number(typed)
    if (typed === '' || !Number.isFinite(value)) this.preview(modal.blob, modal.start)
    else this.preview(modal.blob, followNumber(modal, value, camera, LIMITS.width))
    this.studio.session.setState({ modal: { ...modal, typed, from: null } })
  }

  /** One arrow key in a modal transform: the pose goes on from where it stands. */
  step(direction: Vec3, steps: number): void {
    const { modal } = this.studio.session.getState()
    const blob = modal === null ? undefined : findBlob(this.design, modal.blob)
    if (modal === null || blob === undefined) return
    const { camera } = this.studio.stage.view.getState()
    const gesture = { kind: modal.kind, axis: modal.axis, start: blob }
    this.preview(blob.id, followKey(gesture, direction, steps, camera, LIMITS.width))
    this.studio.session.setState({ modal: { ...modal, typed: '', from: null } })
  }

  end(keep: boolean): void {
    const { modal } = this.studio.session.getState()
    if (modal === null) return
    this.studio.session.setState({ modal: null })
    if (keep) this.keep(LABELS[modal.kind])
    else this.drop()
  }
}
