import { describeContent } from './document/difference'
import { valenceFlaws } from './document/edit'
import { EXAMPLES, FIRST_EXAMPLE } from './document/examples'
import type { Design } from './document/types'
import { withRelaxed } from './document/relax'
import { createDocumentStore, type DocumentStore } from './document/store'
import { Runs, type RunRecord } from './stream/runs'
import { isLive } from './stream/run'
import { Relaxer, type Relaxation } from './stream/relaxer'
import type { Candidate } from './stream/protocol'
import { StudioSocket } from './stream/socket'
import { createDesk, type Desk, type DeskStore } from './ui/desk'
import { designAt } from './ui/history/places'
import { createViewing, type ViewingStore } from './ui/viewing'
import { addToast, createSession, type SessionStore } from './ui/session'
import { describeError, describeOutcome, plural } from './ui/words'
import { onSameStep } from './viewer/clock'
import { compareView, type CompareView } from './viewer/compare'
import { runExtent, type RunView } from './viewer/picture'
import type { Palette } from './viewer/drawn'
import { Stage, type Subject } from './viewer/stage'

/** Everything that lives as long as the page, and how it hangs together. Components get it through a context. */
export interface Studio {
  readonly document: DocumentStore
  readonly session: SessionStore
  readonly desk: DeskStore
  readonly viewing: ViewingStore
  readonly runs: Runs
  readonly relaxer: Relaxer
  readonly socket: StudioSocket
  readonly stage: Stage
  readonly reducedMotion: () => boolean
}

export interface StudioOptions {
  readonly socketUrl: string
  readonly upscale: boolean
}

export function createStudio({ socketUrl, upscale }: StudioOptions): Studio {
  const first = FIRST_EXAMPLE.design()
  const document = createDocumentStore(first, EXAMPLES[0].title)
  const session = createSession(first.blobs.at(0)?.id ?? null)
  const desk = createDesk()
  const viewing = createViewing()
  const runs = new Runs()
  const relaxer = new Relaxer()
  const socket = new StudioSocket(socketUrl, {
    onState: (state) => {
      runs.onState(state)
      relaxer.onState(state)
    },
    onMessage: (message) => {
      runs.onMessage(message)
      relaxer.onMessage(message)
    },
    onFrames: (frames) => {
      for (const frame of frames) {
        runs.onFrame(frame)
        relaxer.takeFrame(frame)
      }
    },
    onGarbage: (detail) => addToast(session, 'error', `The service sent something unreadable: ${detail}`),
  })
  runs.attach(socket)
  relaxer.attach(socket)
  const comparison = comparisonOf(document, desk)
  const motion = window.matchMedia('(prefers-reduced-motion: reduce)')
  const reducedMotion = () => motion.matches
  const stage = new Stage({
    subject: () => subjectOf({ document, session, runs, relaxer, comparison }),
    reel: () => reelOf(runs),
    palette: readPalette,
    look: () => viewing.getState(),
    reducedMotion,
    upscale,
  })
  const studio = { document, session, desk, viewing, runs, relaxer, socket, stage, reducedMotion }
  connect(studio)
  return studio
}

export interface Shown extends Pick<Studio, 'document' | 'session' | 'runs' | 'relaxer'> {
  readonly comparison: () => CompareView | null
}

export function subjectOf({ document, session, runs, relaxer, comparison }: Shown): Subject {
  const { mode, selected, layout, focus, hover, shells } = session.getState()
  const compared = mode === 'compare' ? comparison() : null
  if (compared !== null) return { kind: 'compare', view: compared }
  const record = runs.active
  if (mode !== 'results' || record === null) return { kind: 'design', design: atTheMoment(document.getState().design, relaxer), selected, shells }
  return { kind: 'run', view: runView(runs, record, layout, layout === 'single' ? focus : (hover ?? focus)) }
}

/** A scaffold that relaxes is drawn where its atoms are just now. */
function atTheMoment(design: Design, relaxer: Relaxer): Design {
  const positions = relaxer.positionsOf(design)
  return positions === null || design.scaffold === null ? design : { ...design, scaffold: { ...design.scaffold, positions } }
}

function runView(runs: Runs, { run, design, begun }: RunRecord, layout: RunView['layout'], focus: number | null): RunView {
  // A stopped run is shown as it was seen: nothing had settled yet.
  const candidates = run.phase === 'done' ? (run.result?.candidates ?? null) : null
  return {
    design,
    count: run.spec.n_samples ?? 1,
    trajectory: runs.trajectory(run.reqId),
    candidates,
    steps: run.spec.steps ?? 64,
    layout,
    focus,
    extent: runExtent(begun, candidates),
  }
}

/** The two nodes that are compared, worked out once for each pair. */
function comparisonOf(document: DocumentStore, desk: DeskStore): () => CompareView | null {
  let made: { of: Desk['compared']; view: CompareView } | null = null
  return () => {
    const { compared } = desk.getState()
    if (compared === null) return null
    const { history } = document.getState()
    if (made?.of !== compared) made = { of: compared, view: compareView(designAt(history, compared[0]), designAt(history, compared[1])) }
    return made.view
  }
}

/** The start, then every stride-th step. */
const expectedFrames = (spec: RunRecord['run']['spec']): number => Math.ceil((spec.steps ?? 64) / (spec.stride ?? 1)) + 1

export function reelOf(runs: Runs): { available: number; expected: number; live: boolean } {
  const record = runs.active
  if (record === null) return { available: 0, expected: 1, live: false }
  const available = runs.trajectory(record.run.reqId)?.length ?? 0
  const live = isLive(record.run)
  return { available, expected: live ? Math.max(available, expectedFrames(record.run.spec)) : available, live }
}

const palettes = new Map<string | undefined, Palette>()

/** The canvas takes its colours from the page's theme; read once for each, since every frame asks. */
function readPalette(): Palette {
  const { theme } = window.document.documentElement.dataset
  const known = palettes.get(theme) ?? paletteOfTheme()
  palettes.set(theme, known)
  return known
}

function paletteOfTheme(): Palette {
  const style = getComputedStyle(window.document.documentElement)
  const read = (name: string): string => style.getPropertyValue(name).trim()
  return {
    background: read('--canvas'),
    outline: read('--atom-outline'),
    blob: read('--blob'),
    blobMuted: read('--blob-muted'),
  }
}

/** What a run came to becomes part of the history, once, whether or not it is the one on show. */
function fileRun({ document, runs }: Studio, { run, design, node, filed, altered, from }: RunRecord): void {
  if (filed !== null || isLive(run) || run.result === null) return
  const { candidates, model } = run.result
  const stop = run.phase === 'cancelled' ? { stoppedAt: candidates[0].steps } : {}
  const what = design.blobs.map((b) => describeContent(b.content)).join(', ')
  const label = from !== null ? `Branch at step ${from.step}` : altered === 'steered' ? `Generate ${what}, steered` : `Generate ${what}`
  // A stopped run's seed would bring its end.
  const reproducible = altered === null && run.phase === 'done'
  runs.file(run.reqId, document.getState().file(node, design, label, { candidates, model: model === '' ? null : model, reproducible, ...stop }))
}

/** Who wakes whom. */
function connect(studio: Studio): void {
  const { document, session, runs, stage, reducedMotion } = studio
  document.subscribe((now, before) => {
    const { mode } = session.getState()
    if (now.design === before.design) {
      if (mode === 'results' && now.history.current !== before.history.current) runs.settle(now.design, now.history.current)
      return
    }
    if (mode === 'design') stage.invalidate()
    // Atoms have other numbers now.
    if (now.design.scaffold?.numbers !== before.design.scaffold?.numbers) session.setState({ atoms: [] })
    // Whoever looks at a live run leads it; whoever is back at the design prepares the next one.
    if (mode === 'results') runs.steer(now.design, now.history.current)
  })
  session.subscribe((now, before) => {
    const redraw = now.shells !== before.shells || now.focus !== before.focus || now.hover !== before.hover || now.selected !== before.selected
    if (redraw) stage.invalidate()
    runs.slow = now.slow
    if (now.mode !== before.mode || now.layout !== before.layout) stage.frame()
  })
  studio.viewing.subscribe(() => stage.invalidate())
  studio.desk.subscribe((now, before) => {
    if (now.compared !== before.compared && session.getState().mode === 'compare') stage.frame()
  })
  studio.relaxer.onFrame = () => stage.invalidate()
  studio.relaxer.store.subscribe(() => stage.invalidate())
  studio.relaxer.onFailed = ({ error }) => {
    if (error === null) return
    const { scaffold } = document.getState().design
    const flaws = scaffold === null ? [] : valenceFlaws(scaffold)
    // The service names a field of an order that nobody on this page has seen.
    const why = error.field !== null && flaws.length > 0 ? `${flaws.slice(0, 3).map((f) => f.words).join(', ')}: fit hydrogens first.` : error.field === null ? error.detail : describeError({ ...error, field: null })
    addToast(session, 'error', `Not relaxed. ${why}`)
  }
  studio.relaxer.onDone = (relaxation, candidate) => keepRelaxed(studio, relaxation, candidate)
  runs.onFrames = (id) => {
    if (id !== runs.store.getState().active || session.getState().mode !== 'results') return
    if (stage.playhead.getState().playing) stage.invalidate()
    // Without motion the end is on show; frames that a slow page had missed come in after it.
    else if (reducedMotion() && runs.active !== null && !isLive(runs.active.run)) stage.playhead.setState({ at: reelOf(runs).available - 1 })
  }
  // A head that has come to the end stays there: the end is further on now.
  runs.onRefilled = (id, before, now) => {
    if (id === runs.store.getState().active) stage.playhead.setState((head) => onSameStep(head, before.frames, now.frames))
  }
  runs.store.subscribe((now, before) => {
    if (now.fault !== null && now.fault !== before.fault) addToast(session, 'error', now.fault.detail)
    for (const [id, one] of now.records) if (one !== before.records.get(id)) fileRun(studio, one)
    const record = now.active === null ? undefined : now.records.get(now.active)
    const previous = now.active === null ? undefined : before.records.get(now.active)
    // One that comes from the history has ended long ago, and is no news.
    if (record?.filed === null && record.run.phase !== previous?.run.phase) phaseChanged(studio, record)
    if (record !== undefined && previous !== undefined && record.run.lost !== previous.run.lost) linkChanged(studio, record)
    if (now.active !== before.active || record?.design !== previous?.design) stage.invalidate()
  })
  window.matchMedia('(prefers-reduced-motion: reduce)').addEventListener('change', () => {
    if (reducedMotion()) stage.playhead.setState({ playing: false })
  })
}

/** A relaxed scaffold becomes an edit like any other, unless somebody has gone on to another design meanwhile. */
function keepRelaxed({ document, session }: Studio, { design, order }: Relaxation, candidate: Candidate): void {
  if (document.getState().design !== design) {
    addToast(session, 'info', 'The molecule has been changed meanwhile: what was relaxed is left out.')
    return
  }
  document.getState().commit('Relax', withRelaxed(design, order, candidate))
  const words = candidate.valid ? `Relaxed in ${plural(candidate.steps, 'step')}.` : `Relaxed in ${plural(candidate.steps, 'step')}, but ${candidate.reason ?? 'no molecule'}.`
  addToast(session, candidate.valid ? 'info' : 'error', words)
  session.setState({ announcement: words })
}

function linkChanged({ session }: Studio, { run }: RunRecord): void {
  if (!isLive(run)) return
  session.setState({ announcement: run.lost ? 'The connection was lost. The run goes on and is found again.' : 'The run has been found again.' })
}

function phaseChanged({ document, session, runs, stage, reducedMotion }: Studio, { run, design, from }: RunRecord): void {
  const announce = (text: string) => session.setState({ announcement: text })
  switch (run.phase) {
    case 'sending':
      // A branch goes on from where it left.
      stage.playhead.setState((head) => ({ at: from === null ? 0 : head.at, playing: !reducedMotion() }))
      break
    case 'running':
      announce(`Generating ${run.spec.n_samples ?? 1} candidates.`)
      break
    case 'done': {
      const candidates = run.result?.candidates ?? []
      const firstValid = candidates.findIndex((c) => c.valid)
      session.setState((s) => ({ focus: s.focus ?? (firstValid < 0 ? null : firstValid) }))
      announce(describeOutcome(candidates))
      if (reducedMotion()) stage.playhead.setState({ at: (runs.trajectory(run.reqId)?.length ?? 1) - 1, playing: false })
      if (session.getState().mode === 'results') stage.frame()
      break
    }
    case 'failed':
      stage.playhead.setState({ playing: false })
      // Beside the primary button it stands in full, unless the design is another by now.
      if (run.error !== null && document.getState().design !== design) addToast(session, 'error', `The run failed. ${describeError(run.error)}`)
      // Refused before it began: back to where it can be mended.
      if (runs.trajectory(run.reqId) === null) session.setState({ mode: 'design' })
      announce('The run failed.')
      break
    case 'cancelled':
      // Whoever followed it sees what it had come to; whoever had gone back stays there.
      stage.playhead.setState((head) => (head.playing ? { at: Math.max(0, reelOf(runs).available - 1), playing: false } : head))
      announce(run.result === null ? 'The run was stopped before its first step.' : `The run was ${run.result.candidates[0].reason ?? 'stopped'}. The history keeps it.`)
      break
    case 'queued':
      break
  }
}
