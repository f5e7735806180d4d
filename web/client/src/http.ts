import createClient, { type ClientOptions } from 'openapi-fetch'
import type { paths } from './schema.d.ts'
import type { Problem } from './types.ts'

/** What went wrong, as the server tells it; or that it could not be reached at all (`code` is `unreachable`). */
export class ProblemError extends Error {
  readonly problem: Problem
  /** Seconds that the server asks to wait, when it does. */
  readonly retryAfter: number | undefined

  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail)
    this.name = 'ProblemError'
    this.problem = problem
    this.retryAfter = retryAfter
  }

  get code(): string {
    return this.problem.code
  }

  /** Nobody answered: trying again later is right, and harmless under the same Idempotency-Key. */
  get temporary(): boolean {
    return this.problem.status === 0 || this.problem.status === 503
  }
}

export const bare = (status: number, code: string, title: string): Problem => ({
  type: 'about:blank',
  title,
  status,
  code,
  detail: title,
  request_id: '',
})

/** Makes the client. `fetch` is looked up on each call, so that tests may replace it at any time. */
export function createApi(options: ClientOptions = {}) {
  return createClient<paths>({ fetch: (request) => globalThis.fetch(request), ...options })
}

export type Api = ReturnType<typeof createApi>

type Answer<T> = { data?: T; error?: unknown; response: Response }

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'status' in value
}

/** Waits for an answer and gives its body, or throws a [ProblemError] whatever went wrong. */
export async function take<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await call
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ProblemError(bare(0, 'unreachable', 'The server could not be reached'))
  }
  if (answer.response.ok) return answer.data as T
  const wait = Number(answer.response.headers.get('retry-after') ?? Number.NaN)
  const problem = isProblem(answer.error)
    ? answer.error
    : bare(answer.response.status, 'internal', answer.response.statusText || `HTTP ${answer.response.status}`)
  throw new ProblemError(problem, Number.isFinite(wait) ? wait : undefined)
}
