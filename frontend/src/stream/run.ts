import type { Frame } from './codec'
import type { GenerateResult, GenerateSpec, ServerMessage, Topology, VerdictMessage } from './protocol'

export type RunPhase = 'sending' | 'queued' | 'running' | 'done' | 'cancelled' | 'failed'

export interface RunError {
  readonly detail: string
  /** Dotted path of the wrong field in the spec, when one is to blame. */
  readonly field: string | null
  readonly retryable: boolean
}

export type Verdict = Pick<VerdictMessage, 'valid' | 'smiles' | 'reason' | 'bonds'>

/** One generation as the page knows it; coordinates live in its `Trajectory`, not here. */
export interface Run {
  readonly reqId: string
  readonly spec: GenerateSpec
  readonly phase: RunPhase
  readonly job: string | null
  readonly queuePos: number
  readonly topology: Topology | null
  readonly verdicts: readonly (Verdict | null)[]
  readonly result: GenerateResult | null
  readonly error: RunError | null
  /** Held between two steps until somebody lets it go on. */
  readonly paused: boolean
  /** The connection broke under it: it goes on at the service, and is followed again as soon as there is a connection. */
  readonly lost: boolean
}

export function newRun(reqId: string, spec: GenerateSpec): Run {
  return {
    reqId,
    spec,
    phase: 'sending',
    job: null,
    queuePos: 0,
    topology: null,
    verdicts: Array.from({ length: spec.n_samples ?? 1 }, () => null),
    result: null,
    error: null,
    paused: false,
    lost: false,
  }
}

/** What to say of a candidate. While it still moves only good news is worth telling: every cloud begins as no molecule. */
export type CandidateState = 'forming' | 'stopped' | 'failed' | 'promising' | 'valid' | 'invalid'

export function candidateState(run: Run, sample: number): CandidateState {
  const valid = run.verdicts.at(sample)?.valid
  if (run.phase === 'done') return valid === true ? 'valid' : 'invalid'
  if (valid === true) return 'promising'
  if (run.phase === 'failed') return 'failed'
  return isLive(run) ? 'forming' : 'stopped'
}

export const isLive = (run: Run): boolean => run.phase === 'sending' || run.phase === 'queued' || run.phase === 'running'

/** What a server message makes of a run; the same object when the message is not about it. */
export function reduceRun(run: Run, message: ServerMessage): Run {
  switch (message.type) {
    case 'accepted':
      if (message.req_id !== run.reqId) return run
      if (run.phase === 'cancelled') return { ...run, job: message.job } // somebody was quicker than the answer
      return { ...run, phase: 'queued', job: message.job, queuePos: message.queue_pos, spec: { ...run.spec, seed: message.seed } }
    case 'topology':
      if (message.job !== run.job || !isLive(run)) return run
      return { ...run, phase: 'running', topology: message, lost: false }
    case 'verdict': {
      if (message.job !== run.job || run.phase === 'cancelled') return run
      const { valid, smiles, reason, bonds } = message
      const verdict: Verdict = { valid, smiles, reason, bonds }
      if (isLive(run) && isNoNews(run.verdicts.at(message.sample) ?? null, verdict)) return run
      return { ...run, verdicts: run.verdicts.map((v, i) => (i === message.sample ? verdict : v)) }
    }
    case 'final':
      // Somebody stopped it before they saw its end, and what they saw is what is kept.
      if (message.job !== run.job || run.phase === 'cancelled') return run
      return {
        ...run,
        phase: 'done',
        paused: false,
        lost: false,
        result: message.result,
        verdicts: message.result.candidates.map(({ valid, smiles, reason, bonds }) => ({ valid, smiles, reason, bonds })),
      }
    case 'error': {
      const mine = (message.job !== null && message.job === run.job) || message.req_id === run.reqId
      if (!mine || !isLive(run)) return run
      if (message.code === 'cancelled') return { ...run, phase: 'cancelled' }
      return { ...run, phase: 'failed', error: readError(message) }
    }
    case 'welcome':
    case 'busy':
    case 'draining':
    case 'pong':
      return run
  }
}

/** While atoms move only a molecule is news, and only once: verdicts come by the dozen, and each has the page look at all candidates. */
const isNoNews = (before: Verdict | null, now: Verdict): boolean =>
  before === null ? !now.valid : before.valid === now.valid && before.smiles === now.smiles

function readError({ detail, field, retryable }: { detail: string; field: string | null; retryable: boolean }): RunError {
  return { detail, field, retryable }
}

/** Whether this frame belongs to the run. */
export const ownsFrame = (run: Run, frame: Frame): boolean => run.topology !== null && String(frame.job) === run.job

/** The socket went away under a live run: what it holds stays, and the service goes on with it for a while. */
export const loseRun = (run: Run): Run => (isLive(run) ? { ...run, lost: true } : run)

/** A run that could not be sent, or that the service knows no more. */
export function failRun(run: Run, detail: string): Run {
  return isLive(run) ? { ...run, phase: 'failed', paused: false, lost: false, error: { detail, field: null, retryable: true } } : run
}

/** Whether this message says that the service knows nothing of a run that was to be followed again. */
export const isForgotten = (run: Run, message: ServerMessage): boolean =>
  run.lost && message.type === 'error' && message.req_id === run.reqId && message.code === 'unknown_job'
