import { acceptCandidate, setSettings } from '../document/design'
import { togglePlay } from '../viewer/clock'
import type { LayoutMode } from '../viewer/layout'
import { isLive } from '../stream/run'
import { reelOf } from '../studio'
import { Acting } from './acting'
import { obstacle } from './primary'
import { addToast } from './session'
import { showPicture } from './sight'

const ACCEPTED = 'The candidate is the scaffold now. Click a hydrogen, or open a site, to grow it.'

/** Runs: begun, held, branched, stopped; and what becomes of their candidates. */
export class Running extends Acting {
  generate(): void {
    const { runs, session, document, stage } = this.studio
    if ((runs.active !== null && isLive(runs.active.run)) || !this.isReady()) return
    session.setState(({ toasts }) => ({
      focus: null, hover: null, hoverAtom: null, measured: [], modal: null, toasts: toasts.filter((t) => t.tone !== 'error'),
    }))
    runs.start(this.design, document.getState().history.current)
    this.setMode('results')
    stage.frame()
    showPicture()
  }

  generateAgain(): void {
    if (!this.isReady()) return
    this.newSeed()
    this.generate()
  }

  /** Says so when there is nothing to generate: keys and commands ask for a run whatever is on show. */
  private isReady(): boolean {
    const why = obstacle(this.design, this.studio.runs.store.getState().limits)
    if (why !== null) addToast(this.studio.session, 'error', why)
    return why === null
  }

  newSeed(): void {
    const seed = Math.floor(Math.random() * 10_000)
    this.commit(`Seed: ${seed}`, setSettings(this.design, { seed }), 'settings-seed')
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
    showPicture()
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

  /** One above all others of a heap that has ended: alone it tells nothing. */
  layOut(layout: LayoutMode): void {
    const { session, runs } = this.studio
    const candidates = runs.active?.run.result?.candidates ?? []
    const first = candidates.findIndex((c) => c.valid)
    session.setState(({ focus }) => ({ layout, focus: layout === 'grid' || candidates.length === 0 ? focus : (focus ?? Math.max(0, first)) }))
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
    showPicture()
  }
}
