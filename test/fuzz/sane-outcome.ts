import type { Answer, Job, Outcome } from '../../src/core/delivery.ts'

/** Throws where an outcome tells what no store, schedule or person can do anything with. */
export function expectSaneOutcome(outcome: Outcome): void {
  if (outcome.kind === 'delivered') {
    if (outcome.job !== undefined) expectSaneJob(outcome.job)
  } else expectText('a reason', outcome.reason, 1, 2_000)
  if ('retryAfterMs' in outcome) expectWait(outcome.retryAfterMs)
  if (outcome.answer !== undefined) expectSaneAnswer(outcome.answer)
  if (JSON.stringify(outcome).includes('canary')) throw new Error('an outcome tells a secret')
}

export function expectSaneJob({ id, state, detail, log }: Job): void {
  expectText('the id of a job', id, 1, 1_024)
  expectText('the detail of a job', detail, 0, 1_024)
  if (log !== undefined) expectText('the log of a job', log, 1, 2_000)
  if (!['submitted', 'running', 'succeeded', 'failed', 'unknown'].includes(state)) throw new Error(`a job is ${state}`)
}

function expectSaneAnswer({ status, body }: Answer): void {
  if (!Number.isInteger(status) || status < 0 || status > 999) throw new Error(`a status of ${status}`)
  expectText('an answer', body, 0, 1_024)
  if (Buffer.byteLength(body) > 3 * 1_024) throw new Error(`${Buffer.byteLength(body)} bytes of an answer are kept`)
}

function expectWait(ms: number | undefined): void {
  if (ms !== undefined && !(Number.isFinite(ms) && ms >= 0)) throw new Error(`a wait of ${ms} ms`)
}

function expectText(what: string, text: string, least: number, most: number): void {
  if (typeof text !== 'string' || text.length < least || text.length > most)
    throw new Error(`${what} of ${typeof text === 'string' ? `${text.length} characters` : typeof text}`)
}
