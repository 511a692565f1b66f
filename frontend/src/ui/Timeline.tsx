import { useEffect, useRef, useState } from 'react'
import { reelOf } from '../studio'
import { stepBy } from '../viewer/clock'
import { useActiveRunButVerdicts, useSession, useTools } from './context'
import { IconButton } from './controls'
import { BackIcon, ForwardIcon, HistoryIcon, PauseIcon, PlayIcon } from './icons'
import { useStore } from 'zustand'

/** How often words follow a play head that moves: faster nobody reads, and each change lays the page out anew. */
const WORDS_MS = 120

const SLIDER_KEYS = new Set(['Home', 'End', 'PageUp', 'PageDown', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'])

/** Plays and scrubs the frames of the run on show. The slider follows the play head without going through React. */
export function Timeline() {
  const { studio, actions } = useTools()
  const { stage, runs } = studio
  const record = useActiveRunButVerdicts()
  const mode = useSession((s) => s.mode)
  const slow = useSession((s) => s.slow)
  const playing = useStore(stage.playhead, (head) => head.playing)
  const slider = useRef<HTMLInputElement>(null)
  const label = useRef<HTMLOutputElement>(null)
  const run = record?.run ?? null
  const running = run?.phase === 'running'
  const held = running && run.paused
  const [fork, setFork] = useState<number | null>(null)
  const usable = run !== null && (run.phase !== 'failed' || (runs.trajectory(run.reqId)?.length ?? 0) > 0)

  useEffect(() => {
    let told = -Infinity
    let timer: ReturnType<typeof setTimeout> | null = null
    const show = () => {
      const input = slider.current
      if (input === null) return
      const { available, expected } = reelOf(runs)
      const last = Math.max(1, expected - 1)
      // A run of old comes back with its end alone.
      const at = available === 0 ? 0 : available === 1 && expected === 1 ? last : stage.playhead.getState().at
      input.max = String(last)
      input.value = String(at)
      input.style.setProperty('--share', `${(100 * at) / last}%`)
      input.style.setProperty('--loaded', `${(100 * Math.max(0, available - 1)) / last}%`)
      const wait = told + WORDS_MS - performance.now()
      if (wait <= 0) tell()
      else timer ??= setTimeout(tell, wait)
    }
    const tell = () => {
      if (timer !== null) clearTimeout(timer)
      timer = null
      told = performance.now()
      const text = label.current
      if (text === null) return
      const { at } = stage.playhead.getState()
      const id = runs.store.getState().active
      const frames = id === null ? undefined : runs.trajectory(id)?.frames
      const step = frames?.at(Math.round(at))?.step
      const steps = runs.active?.run.spec.steps ?? 0
      const words = step === undefined ? '–' : `step ${step} of ${steps}`
      setFork(actions.running.branchStep())
      if (text.textContent !== words) text.textContent = words
      slider.current?.setAttribute('aria-valuetext', words)
    }
    show()
    const stop = [stage.playhead.subscribe(show), runs.store.subscribe(show)]
    return () => {
      stop.forEach((f) => f())
      if (timer !== null) clearTimeout(timer)
    }
  }, [stage, runs, actions])

  const reel = () => reelOf(runs).available
  const scrub = (value: number) => {
    actions.setMode('results')
    stage.playhead.setState({ at: Math.min(value, Math.max(0, reel() - 1)), playing: false })
  }
  // A key or a press that leaves the value as it is, such as Home at the start, tells of no input, and the head would run on.
  const halt = () => stage.playhead.setState({ playing: false })
  const step = (delta: number) => {
    actions.setMode('results')
    stage.playhead.setState(stepBy(stage.playhead.getState(), delta, reel()))
  }
  const going = playing && !held
  return (
    <div className="timeline" role="group" aria-label="Timeline" data-idle={!usable || undefined} data-mode={mode} data-held={held || undefined}>
      <IconButton label="One frame back" keys="," side="top" disabled={!usable} onClick={() => step(-1)}><BackIcon /></IconButton>
      <IconButton label={running ? (going ? 'Pause the run' : 'Let the run go on') : going ? 'Pause' : 'Play'} keys="Space" side="top" disabled={!usable} onClick={() => actions.running.playOrPause()}>{going ? <PauseIcon /> : <PlayIcon />}</IconButton>
      <IconButton label="One frame on" keys="." side="top" disabled={!usable} onClick={() => step(1)}><ForwardIcon /></IconButton>
      <input
        ref={slider}
        type="range"
        className="scrubber"
        aria-label="Frame"
        min={0}
        step="any"
        defaultValue={0}
        disabled={!usable}
        onKeyDown={({ key }) => SLIDER_KEYS.has(key) && halt()}
        onPointerDown={halt}
        onInput={(event) => scrub(Number(event.currentTarget.value))}
      />
      <output ref={label}>–</output>
      <button
        type="button"
        className="pace"
        aria-pressed={slow}
        title="Live runs rest after every step, so that you can move the blob and watch the atoms follow"
        onClick={() => studio.session.setState({ slow: !slow })}
      >
        Slow
      </button>
      <IconButton
        label={fork === null ? 'Branch: go back to a step of a run first' : `Branch from step ${fork}: the same atoms, fresh noise from here on`}
        keys="J"
        side="top"
        disabled={fork === null}
        onClick={() => actions.running.branchHere()}
      >
        <HistoryIcon />
      </IconButton>
    </div>
  )
}
