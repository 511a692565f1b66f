import type { Problem } from '../stream/protocol'

/** A call that the service refused, or that never reached it. `message` is a sentence for people. */
export class ServiceError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** Dotted path of the field to blame, or null. */
    readonly field: string | null = null,
  ) {
    super(message)
    this.name = 'ServiceError'
  }
}

const PATIENCE_MS = 40_000

/** Calls the service; answers only what succeeded, and throws `ServiceError` for everything else. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE_MS)
  const signal = init.signal == null ? patience : AbortSignal.any([init.signal, patience])
  let response: Response
  try {
    response = await fetch(path, { ...init, signal })
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw new ServiceError(patience.aborted ? 'The service takes too long to answer.' : 'The service is out of reach.', 0)
  }
  if (response.ok) return response
  throw await refusal(response)
}

async function refusal(response: Response): Promise<ServiceError> {
  const { status } = response
  try {
    const problem = (await response.json()) as Partial<Problem>
    if (typeof problem.detail === 'string') return new ServiceError(problem.detail, status, problem.field ?? null)
  } catch {
    // Not a problem document: a proxy's page, perhaps.
  }
  return new ServiceError(`The service answered ${status}.`, status)
}

export async function sendJson(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('content-type', 'application/json')
  return call(path, { method: 'POST', ...init, headers, body: JSON.stringify(body) })
}

export const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))
