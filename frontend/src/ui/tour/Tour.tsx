import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react'
import { project } from '../../viewer/projection'
import { element } from '../../chemistry/elements'
import { useActiveRun, useDesign, useSession, useTools, useView, type Tools } from '../context'
import { IconButton } from '../controls'
import { CloseIcon } from '../icons'
import { showFormula, showPicture } from '../sight'
import { contentOf, LEGS, legSettings, poseOf, seedAfter, startDesign, stopAt, type Leg, type Stop } from './route'
import { endTour, load } from './touring'
import { OF, say } from './words'
import './tour.css'

/** Long enough to read that a seed brought nothing. */
const PAUSE_MS = 1_500

/** Leads to aspirin. Where one stands is read off the page, so every way of taking a step counts. */
export default function Tour() {
  const tools = useTools()
  const stop = useStop()
  const leg = 'leg' in stop ? stop.leg : null
  const [tried, setTried] = useState({ leg, seeds: 0 })
  const tries = tried.leg === leg ? tried.seeds : 0
  const tryNext = useCallback((seed: number) => {
    if (leg === null) return
    setTried((t) => ({ leg, seeds: t.leg === leg ? t.seeds + 1 : 1 }))
    tools.actions.setSettings({ seed: seedAfter(LEGS[leg], seed) })
    tools.actions.running.generate()
  }, [leg, tools])
  const card = useRef<HTMLElement>(null)
  const heading = say(stop, tries)
  usePreparation(tools, stop)
  usePointers(stop)
  useProgress(tools, stop, tries, tryNext)
  useEffect(() => card.current?.focus(), [])
  return (
    <>
      {stop.kind === 'open' && <Targets hydrogens={stop.hydrogens} />}
      <section ref={card} className="tour" aria-label="Guided tour" tabIndex={-1} data-stop={stop.kind}>
        <header>
          <Progress at={heading.at} />
          <IconButton label="End the tour" side="top" onClick={() => endTour(tools)}><CloseIcon /></IconButton>
        </header>
        <div role="status">
          <h2>{heading.title}</h2>
          <p>{heading.text}</p>
        </div>
        <Buttons stop={stop} tools={tools} tries={tries} tryNext={tryNext} />
      </section>
    </>
  )
}

function useStop(): Stop {
  const design = useDesign((d) => d)
  const mode = useSession((s) => s.mode)
  const record = useActiveRun()
  return stopAt({ design, mode, run: record?.run ?? null, of: record?.design ?? null })
}

function Progress({ at }: { at: number }) {
  return (
    <span className="tour-progress" role="img" aria-label={`Step ${at} of ${OF}`}>
      {Array.from({ length: OF }, (_, k) => <i key={k} data-done={k < at || undefined} />)}
    </span>
  )
}

/** Each leg has its own seed, set as soon as the leg begins. */
function usePreparation({ studio }: Tools, stop: Stop): void {
  const prepared = useRef<number | null>(null)
  const leg = 'leg' in stop ? stop.leg : null
  useEffect(() => {
    if (leg === null || prepared.current === leg) return
    prepared.current = leg
    const { design, commit } = studio.document.getState()
    const settings = legSettings(LEGS[leg])
    if (JSON.stringify(settings) !== JSON.stringify(design.settings)) commit('Tour: seed of this step', { ...design, settings })
  }, [leg, studio])
}

/** Marks what the next step is done with, by the style sheet, and brings it into sight. */
function usePointers(stop: Stop): void {
  const { kind } = stop
  useEffect(() => {
    const { dataset } = window.document.documentElement
    dataset.tour = kind
    if (kind === 'fill') showFormula()
    else showPicture()
    return () => {
      delete dataset.tour
    }
  }, [kind])
}

/** A seed that brings no product is followed by the next; the product, once there, comes into focus. */
function useProgress({ actions }: Tools, stop: Stop, tries: number, tryNext: (seed: number) => void): void {
  const record = useActiveRun()
  const run = record?.run.reqId ?? null
  const candidate = stop.kind === 'use' ? stop.candidate : null
  const seed = stop.kind === 'again' && tries < LEGS[stop.leg].seeds.length ? stop.seed : null
  useEffect(() => {
    if (candidate !== null) actions.running.focus(candidate)
  }, [candidate, run, actions])
  useEffect(() => {
    if (seed === null) return
    const timer = setTimeout(() => tryNext(seed), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [seed, run, tryNext])
}

interface ButtonProps {
  readonly stop: Stop
  readonly tools: Tools
  readonly tries: number
  readonly tryNext: (seed: number) => void
}

function Buttons({ stop, tools, tries, tryNext }: ButtonProps): ReactNode {
  const end = <button type="button" className="quiet-button" onClick={() => endTour(tools)}>End the tour</button>
  switch (stop.kind) {
    case 'arrived':
      return <footer><Next onClick={() => endTour(tools)}>Go on by myself</Next></footer>
    case 'astray':
      return <footer>{end}<Next onClick={() => load(tools, startDesign())}>Begin with acetaldehyde</Next></footer>
    case 'watch':
      return <footer />
    case 'again':
      return <footer>{tries >= LEGS[stop.leg].seeds.length && <Next onClick={() => tryNext(stop.seed)}>Try another seed</Next>}</footer>
    default:
      return <footer><Next onClick={() => take(tools, stop)}>{WORDS[stop.kind]}</Next></footer>
  }
}

const Next = ({ onClick, children }: { onClick: () => void; children: ReactNode }) => (
  <button type="button" className="tour-next" onClick={onClick}>{children}</button>
)

const WORDS = { open: 'Open it for me', fill: 'Fill it for me', shape: 'Shape it for me', generate: 'Generate', use: 'Use it as scaffold' } as const

/** Takes the next step as a hand would. */
function take({ studio, actions }: Tools, stop: Exclude<Stop, { kind: 'arrived' | 'astray' | 'watch' | 'again' }>): void {
  const leg: Leg = LEGS[stop.leg]
  const { design } = studio.document.getState()
  switch (stop.kind) {
    case 'open':
      actions.openSite(stop.hydrogens[0])
      break
    case 'fill':
      actions.setContent(stop.blob, contentOf(leg))
      break
    case 'shape': {
      const site = design.blobs.find(({ id }) => id === stop.blob)?.site
      const pose = site == null || design.scaffold === null ? null : poseOf(leg, design.scaffold, site)
      if (pose !== null) actions.editBlob(stop.blob, pose, 'Flatten the blob')
      break
    }
    case 'generate':
      actions.running.generate()
      break
    case 'use':
      actions.running.accept(stop.candidate)
      break
  }
}

/** Rings about the hydrogens that are meant. The mouse goes through them. */
function Targets({ hydrogens }: { hydrogens: readonly number[] }) {
  const { camera, viewport } = useView((v) => v)
  const scaffold = useDesign((d) => d.scaffold)
  const { width, height } = viewport
  if (scaffold === null) return null
  return (
    <svg className="tour-targets" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {hydrogens.map((i) => {
        const p = project(camera, viewport, scaffold.positions[i])
        return <circle key={i} cx={p.x} cy={p.y} r={element(1).ballRadius * p.scale + 11} />
      })}
    </svg>
  )
}
