import {
  acceptCandidate, addBlob, findBlob, freeHydrogens, openSite, removeBlob, setContent, setSettings, updateBlob,
} from '../document/design'
import { newDesign, type Example } from '../document/examples'
import { currentNode } from '../document/history'
import { LIMITS, type Content, type Design, type GaussianBlob, type Settings } from '../document/types'
import { snapToBond } from '../document/placement'
import type { Vec3 } from '../geometry/vec3'
import type { Axis, Pose } from '../gizmo/drag'
import { followKey, followNumber, type Transform } from '../gizmo/modal'
import { isLive } from '../stream/run'
import { reelOf, type Studio } from '../studio'
import type { Panel, Place } from './desk'
import { nextAction, type NextAction } from './primary'
import { togglePlay } from '../viewer/clock'
import { addToast, type Mode, type Tool } from './session'
import { applyTheme, rememberTheme, type Theme } from './theme'

/** What a blob is filled with before anybody says. */
const FIRST_CONTENT: Content = { kind: 'formula', text: 'CHO2' }
const FREE_CONTENT: Content = { kind: 'formula', text: 'C2H4O' }

export type BlobPatch = Partial<Omit<GaussianBlob, 'id' | 'site'>>

/** Everything that a person can do, each one small function; buttons, keys and handles all end here. */
export class Actions {
  constructor(private readonly studio: Studio) {}

  private get design(): Design {
    return this.studio.document.getState().design
  }

  private commit(label: string, design: Design, mergeKey?: string): void {
    this.studio.document.getState().commit(label, design, mergeKey)
  }

  // --- choosing -----------------------------------------------------------------------------------

  setTool(tool: Tool): void {
    this.studio.session.setState({ tool, measured: [], modal: null, ...(tool === 'select' ? {} : { atoms: [] }) })
    if (tool === 'blob' || tool === 'attach') this.setMode('design')
  }

  select(blob: string | null): void {
    this.studio.session.setState({ selected: blob, modal: null, ...(blob === null ? {} : { atoms: [] }) })
  }

  setMode(mode: Mode): void {
    if (mode === 'results' && this.studio.runs.active === null) return
    if (mode !== 'compare') this.studio.desk.setState({ compared: null })
    const atoms = mode === 'design' ? this.studio.session.getState().atoms : []
    this.studio.session.setState({ mode, measured: [], hover: null, hoverAtom: null, modal: null, atoms })
  }

  setTheme(theme: Theme): void {
    rememberTheme(theme)
    this.studio.session.setState({ theme })
    applyTheme(theme)
    this.studio.stage.recolor()
  }

  // --- blobs --------------------------------------------------------------------------------------

  placeBlob(center: Vec3): void {
    const { design, id } = addBlob(this.design, FREE_CONTENT, center)
    this.commit('Place blob', design)
    this.studio.session.setState({ selected: id, tool: 'select' })
    this.setMode('design')
  }

  /** Opens the site of one of the scaffold's hydrogens, or selects the blob that is there already. */
  openSite(hydrogen: number): void {
    const last = this.design.blobs.at(-1)
    const { design, id } = openSite(this.design, hydrogen, last?.site == null ? FIRST_CONTENT : last.content)
    this.commit('Open site', design)
    this.studio.session.setState({ selected: id, tool: 'select', mode: 'design', measured: [], hoverAtom: null, atoms: [] })
    this.studio.stage.frame()
  }

  /** For those who do not point: the next free hydrogen. */
  openNextSite(): void {
    const hydrogen = freeHydrogens(this.design).at(0)
    if (hydrogen !== undefined) this.openSite(hydrogen)
  }

  removeSelected(): void {
    const { selected } = this.studio.session.getState()
    if (findBlob(this.design, selected) === undefined || selected === null) return
    this.commit('Remove blob', removeBlob(this.design, selected))
    this.select(this.design.blobs.at(-1)?.id ?? null)
  }

  setContent(id: string, content: Content): void {
    this.commit('Change contents', setContent(this.design, id, content), `content-${id}`)
    this.setMode('design')
  }

  /** A lasting edit of one blob; a stretched one keeps its size from then on. */
  editBlob(id: string, patch: BlobPatch, label: string, mergeKey?: string): void {
    const next = updateBlob(this.design, id, byHand(findBlob(this.design, id), patch))
    const leads = this.leads(next)
    this.commit(label, next, mergeKey)
    if (!leads) this.setMode('design')
  }

  /** Whether the live run on show follows an edit, so that there is no need to turn back to the design. */
  private leads(design: Design): boolean {
    return this.studio.session.getState().mode === 'results' && this.studio.runs.follows(design)
  }

  /** Shows a pose that is being changed. With `snap` it jumps onto the line of its bond when it comes near. */
  previewPose(id: string, dragged: Pose, snap = false): void {
    const blob = findBlob(this.design, id)
    const { scaffold } = this.design
    const site = snap ? (blob?.site ?? null) : null
    const pose = site !== null && scaffold !== null ? { ...dragged, center: snapToBond(scaffold, site, dragged.center) } : dragged
    this.studio.document.getState().preview(updateBlob(this.design, id, byHand(findBlob(this.design, id), pose)))
  }

  keepPose(label: string): void {
    this.studio.document.getState().commit(label)
  }

  dropPose(): void {
    this.studio.document.getState().revert()
  }

  // --- G, R and S -----------------------------------------------------------------------------------

  startModal(kind: Transform): void {
    const { selected } = this.studio.session.getState()
    const blob = findBlob(this.design, selected)
    if (blob === undefined) return
    if (!this.leads(this.design)) this.setMode('design')
    const { center, widths, rotation } = blob
    this.studio.session.setState({ tool: 'select', modal: { blob: blob.id, kind, axis: null, start: { center, widths, rotation }, from: null, typed: '' } })
  }

  /** Begins again from the start pose, along one axis; the same axis twice lets it go. */
  setModalAxis(axis: Axis): void {
    const { modal } = this.studio.session.getState()
    if (modal === null) return
    this.dropPose()
    this.studio.session.setState({ modal: { ...modal, axis: modal.axis === axis ? null : axis, from: null } })
    if (modal.typed !== '') this.typeModal(modal.typed)
  }

  /** A number typed in a modal transform: Å along the axis (x without one), degrees about it, or a factor. */
  typeModal(typed: string): void {
    const { modal } = this.studio.session.getState()
    if (modal === null) return
    const { camera } = this.studio.stage.view.getState()
    const value = Number(typed)
    if (typed === '' || !Number.isFinite(value)) this.previewPose(modal.blob, modal.start)
    else this.previewPose(modal.blob, followNumber(modal, value, camera, LIMITS.width))
    this.studio.session.setState({ modal: { ...modal, typed, from: null } })
  }

  /** One arrow key in a modal transform: the pose goes on from where it stands. */
  stepModal(direction: Vec3, steps: number): void {
    const { modal } = this.studio.session.getState()
    const blob = modal === null ? undefined : findBlob(this.design, modal.blob)
    if (modal === null || blob === undefined) return
    const { camera } = this.studio.stage.view.getState()
    const gesture = { kind: modal.kind, axis: modal.axis, start: blob }
    this.previewPose(blob.id, followKey(gesture, direction, steps, camera, LIMITS.width))
    this.studio.session.setState({ modal: { ...modal, typed: '', from: null } })
  }

  endModal(keep: boolean): void {
    const { modal } = this.studio.session.getState()
    if (modal === null) return
    this.studio.session.setState({ modal: null })
    if (keep) this.keepPose(MODAL_LABELS[modal.kind])
    else this.dropPose()
  }

  nudge(id: string, by: Vec3): void {
    const blob = findBlob(this.design, id)
    if (blob === undefined) return
    const center: Vec3 = [blob.center[0] + by[0], blob.center[1] + by[1], blob.center[2] + by[2]]
    this.editBlob(id, { center }, 'Nudge blob', `nudge-${id}`)
  }

  // --- the document -------------------------------------------------------------------------------

  setSettings(patch: Partial<Settings>): void {
    this.commit(settingsLabel(patch), setSettings(this.design, patch), `settings-${Object.keys(patch).join()}`)
  }

  newSeed(): void {
    this.setSettings({ seed: Math.floor(Math.random() * 10_000) })
  }

  startOver(): void {
    this.load(newDesign(), 'New design')
  }

  loadExample(example: Example): void {
    this.load(example.design(), example.title)
  }

  private load(design: Design, label: string): void {
    this.stop()
    this.commit(label, { ...design, settings: this.design.settings })
    this.studio.session.setState({ selected: design.blobs.at(0)?.id ?? null, tool: 'select', focus: null })
    this.setMode('design')
    this.studio.stage.frame()
  }

  undo(): void {
    const { history } = this.studio.document.getState()
    const left = currentNode(history)
    this.studio.document.getState().undo()
    this.travelled(left.origin.kind === 'pick' ? left.origin.candidate : null)
    if (left.parent !== null) this.say(`Undone: ${left.label}`)
  }

  redo(): void {
    const before = this.studio.document.getState().history.current
    this.studio.document.getState().redo()
    this.travelled(null)
    const { history } = this.studio.document.getState()
    if (history.current !== before) this.say(`Redone: ${currentNode(history).label}`)
  }

  /** Goes to any node of the history; to one candidate of a generation, when it is said which. */
  jump(node: number, candidate: number | null = null): void {
    this.studio.document.getState().jump(node)
    this.travelled(candidate)
    const { history } = this.studio.document.getState()
    this.say(`At: ${currentNode(history).name ?? currentNode(history).label}`)
  }

  nameNode(node: number, name: string): void {
    this.studio.document.getState().nameNode(node, name)
  }

  /** Shows two places in the history side by side. */
  compare(compared: readonly [Place, Place]): void {
    this.studio.desk.setState({ compared, panel: 'history' })
    this.setMode('compare')
    this.studio.stage.frame()
    this.say('Comparing two designs.')
  }

  /** Compares a place with what is shown now. */
  compareWith(place: Place): void {
    const { mode, focus } = this.studio.session.getState()
    const { history } = this.studio.document.getState()
    const generation = currentNode(history).origin.kind === 'generation'
    this.compare([place, { node: history.current, candidate: mode === 'results' && generation ? focus : null }])
  }

  endCompare(): void {
    this.travelled(null)
  }

  togglePanel(panel: Panel): void {
    const { desk, session } = this.studio
    const open = desk.getState().panel !== panel
    desk.setState({ panel: open ? panel : null })
    if (session.getState().mode === 'compare' && desk.getState().panel !== 'history') this.endCompare()
  }

  /** After a step through the history: the results that belong here, and nothing selected that is gone. */
  private travelled(candidate: number | null): void {
    const { document, session, runs, stage } = this.studio
    const { history, design } = document.getState()
    const { selected } = session.getState()
    if (findBlob(design, selected) === undefined) this.select(design.blobs.at(0)?.id ?? null)
    const { id, origin } = currentNode(history)
    if (origin.kind === 'generation') {
      runs.recall(id, design, origin.generation)
      const firstValid = origin.generation.candidates.findIndex((c) => c.valid)
      session.setState({ focus: candidate ?? (firstValid < 0 ? null : firstValid) })
      stage.playhead.setState({ at: reelOf(runs).available - 1, playing: false })
    }
    const live = origin.kind !== 'generation' && runs.show(id)
    this.setMode(origin.kind === 'generation' || (live && runs.active !== null && isLive(runs.active.run)) ? 'results' : 'design')
    stage.frame()
  }

  // --- runs ---------------------------------------------------------------------------------------

  generate(): void {
    const { runs, session, document, stage } = this.studio
    if (runs.active !== null && isLive(runs.active.run)) return
    session.setState(({ toasts }) => ({
      focus: null, hover: null, hoverAtom: null, measured: [], modal: null, toasts: toasts.filter((t) => t.tone !== 'error'),
    }))
    runs.start(this.design, document.getState().history.current)
    this.setMode('results')
    stage.frame()
  }

  generateAgain(): void {
    this.newSeed()
    this.generate()
  }

  stop(): void {
    this.studio.runs.cancel()
  }

  /** Space and the play button: a live run is held or goes on, and its picture with it; frames of old are played. */
  playOrPause(): void {
    const { runs, stage } = this.studio
    const record = runs.active
    const { available } = reelOf(runs)
    if (record === null) return
    this.setMode('results')
    const head = stage.playhead.getState()
    if (record.run.phase !== 'running') {
      if (available > 0) stage.playhead.setState(togglePlay(head, available))
      return
    }
    const hold = head.playing && !record.run.paused
    runs.setPaused(hold)
    stage.playhead.setState({ at: head.at, playing: !hold })
    this.say(hold ? 'The run is held.' : 'The run goes on.')
  }

  /** Goes on from the frame on show with fresh noise, as a run of its own. */
  branchHere(): void {
    const { runs, stage, session } = this.studio
    const step = this.branchStep()
    if (step === null) return
    if (runs.active !== null && isLive(runs.active.run)) this.stop()
    const at = Math.round(stage.playhead.getState().at)
    stage.playhead.setState({ at, playing: false })
    session.setState({ focus: null, hover: null })
    runs.branch(step, Math.floor(Math.random() * 10_000))
    this.setMode('results')
    this.say(`A branch from step ${step}.`)
  }

  /** The step that a branch would go on from; null where there is none: nothing to branch from, or the end. */
  branchStep(): number | null {
    const { runs, stage } = this.studio
    const record = runs.active
    const trajectory = record === null ? null : runs.trajectory(record.run.reqId)
    if (record === null || trajectory === null || record.run.job === null || runs.store.getState().link.kind !== 'online') return null
    const frame = trajectory.frames.at(Math.round(stage.playhead.getState().at))
    if (frame === undefined || frame.step >= (record.run.spec.steps ?? 64)) return null
    const ended = record.run.phase === 'done' && frame === trajectory.frames.at(-1)
    return ended ? null : frame.step
  }

  focus(candidate: number | null): void {
    const count = this.studio.runs.active?.run.spec.n_samples ?? 0
    if (candidate !== null && (candidate < 0 || candidate >= count)) return
    this.setMode('results')
    this.studio.session.setState({ focus: candidate })
  }

  accept(candidate: number): void {
    const { document, runs, session, stage } = this.studio
    const record = runs.active
    const chosen = record?.run.result?.candidates.at(candidate)
    if (record == null || chosen === undefined) return
    // The pick hangs under the generation that it comes from, wherever one has been meanwhile.
    const { settings } = this.design
    if (record.filed !== null) document.getState().jump(record.filed)
    const design = acceptCandidate({ ...record.design, settings }, chosen)
    document.getState().commit(`Use candidate ${candidate + 1}`, design, undefined, { kind: 'pick', candidate })
    session.setState({ selected: null, tool: 'select', focus: null, atoms: [], announcement: ACCEPTED })
    this.setMode('design')
    stage.frame()
  }

  /** What the primary button does. */
  run(action: NextAction): void {
    switch (action.kind) {
      case 'generate':
        this.generate()
        break
      case 'again':
        this.generateAgain()
        break
      case 'stop':
        this.stop()
        break
      case 'accept':
        this.accept(action.candidate)
        break
      case 'open-site':
        this.openNextSite()
        break
      case 'place-blob':
        this.placeBlob([0, 0, 0])
        break
      case 'reconnect':
        this.studio.socket.connect()
        break
      case 'fix':
        this.select(action.blob)
        this.setMode('design')
        requestAnimationFrame(() => window.document.getElementById('formula')?.focus())
        break
    }
  }

  next(): NextAction {
    const { document, session, runs } = this.studio
    const { mode, focus } = session.getState()
    const { link } = runs.store.getState()
    const { design } = document.getState()
    const record = runs.active
    return nextAction({ design, mode, focus, link, run: record?.run ?? null, edited: record !== null && record.design !== design })
  }

  // --- handing over -----------------------------------------------------------------------------

  copySmiles(smiles: string): void {
    void navigator.clipboard.writeText(smiles).then(
      () => addToast(this.studio.session, 'info', `Copied ${smiles}`),
      () => addToast(this.studio.session, 'error', 'The browser does not allow copying here.'),
    )
  }

  private say(announcement: string): void {
    this.studio.session.setState({ announcement })
  }
}

const MODAL_LABELS: Record<Transform, string> = { move: 'Move blob', turn: 'Turn blob', stretch: 'Stretch blob' }
const SETTING_WORDS: Record<keyof Settings, string> = { samples: 'Candidates', steps: 'Steps', sampler: 'Sampler', seed: 'Seed', noise: 'Noise λ', validOnly: 'Failed candidates' }

const settingsLabel = (patch: Partial<Settings>): string =>
  Object.entries(patch).map(([key, value]) => `${SETTING_WORDS[key as keyof Settings]}: ${settingWord(value)}`).join(', ')

function settingWord(value: Settings[keyof Settings]): string {
  if (value === null) return 'usual'
  if (typeof value === 'boolean') return value ? 'run again' : 'kept'
  return String(value).toUpperCase()
}

const ACCEPTED = 'The candidate is the scaffold now. Click a hydrogen, or open a site, to grow it.'

/** Widths within their limits; a blob whose widths a hand has changed keeps them from then on. */
function byHand(blob: GaussianBlob | undefined, patch: BlobPatch): BlobPatch {
  if (blob === undefined || patch.widths === undefined) return patch
  const { min, max } = LIMITS.width
  const [x, y, z] = patch.widths.map((w) => Math.min(max, Math.max(min, w)))
  const changed = x !== blob.widths[0] || y !== blob.widths[1] || z !== blob.widths[2]
  return { ...patch, widths: [x, y, z], ...(changed ? { autoSize: false } : {}) }
}
