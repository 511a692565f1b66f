import { useLayoutEffect, useRef } from 'react'
import { nextAction } from './primary'
import { useActions, useActiveRunButVerdicts, useDesign, useRuns, useSession } from './context'
import { RepeatIcon, StopIcon } from './icons'
import { Hint } from './controls'
import { describeError } from './words'

/** The one button that is always there, and says what comes next. */
export function PrimaryAction() {
  const actions = useActions()
  const design = useDesign((d) => d)
  const mode = useSession((s) => s.mode)
  const focus = useSession((s) => s.focus)
  const link = useRuns((s) => s.link)
  const limits = useRuns((s) => s.limits)
  const record = useActiveRunButVerdicts()
  const run = record?.run ?? null
  const edited = record !== null && record.design !== design
  const next = nextAction({ design, mode, run, link, focus, edited, limits })
  const untouched = useUntouched(next.kind === 'stop')
  const failure = !edited && run?.phase === 'failed' ? run.error : null
  const canRepeat = next.kind === 'accept' && link.kind === 'online'
  return (
    <footer className="primary-area">
      {failure !== null && <p className="failure" role="alert">{describeError(failure)}</p>}
      <div className="primary-row">
        <button type="button" className="primary-button" data-kind={next.kind} aria-describedby="primary-note" onClick={(event) => (next.kind !== 'accept' || untouched(event.timeStamp)) && actions.run(next)}>
          {next.kind === 'stop' && <StopIcon />}
          {next.label}
        </button>
        {canRepeat && (
          <Hint label="Again, with a new seed" keys="N" side="top">
            <button type="button" className="repeat-button" aria-label="Generate again with a new seed" onClick={() => actions.running.generateAgain()}><RepeatIcon /></button>
          </Hint>
        )}
      </div>
      <p id="primary-note" className="primary-note">{next.note ?? '\u00a0'}</p>
    </footer>
  )
}

/** Whoever is about to press Stop when the run ends by itself must not take a candidate with that press. */
const TOO_SOON_MS = 500

/** Answers whether a press at that time was meant for what the button says now. */
function useUntouched(stops: boolean): (at: number) => boolean {
  const stopped = useRef(stops)
  const changed = useRef(-Infinity)
  // With the new words, not after them: no press may come in between.
  useLayoutEffect(() => {
    if (stopped.current && !stops) changed.current = performance.now()
    stopped.current = stops
  }, [stops])
  return (at) => at - changed.current > TOO_SOON_MS
}
