import { describe, expect, it } from 'vitest'
import { outcomeOf, type Policy } from '../../../src/targets/webhook/outcome.ts'

const codes = Array.from({ length: 500 }, (_, index) => index + 100)

/** From first to last code, and what they come to, as the documents have it; later rows win. */
type Row = readonly [first: number, last: number, came: string]

const tables: Readonly<Record<Policy, readonly Row[]>> = {
  default: [
    [100, 199, 'retry'],
    [200, 299, 'delivered'],
    [300, 399, 'unavailable'],
    [400, 499, 'rejected'],
    [500, 599, 'retry'],
    [401, 401, 'unavailable'],
    [403, 405, 'unavailable'],
    [408, 408, 'retry'],
    [410, 410, 'unavailable'],
    [425, 425, 'retry'],
    [429, 429, 'retry throttled'],
    [502, 504, 'unavailable'],
  ],
  'standard-webhooks': [
    [100, 599, 'retry'],
    [200, 299, 'delivered'],
    [410, 410, 'unavailable disable'],
    [429, 429, 'retry throttled'],
    [502, 502, 'retry throttled'],
    [504, 504, 'retry throttled'],
  ],
  knative: [
    [100, 199, 'retry'],
    [200, 299, 'delivered'],
    [300, 499, 'rejected'],
    [404, 404, 'retry'],
    [408, 409, 'retry'],
    [429, 429, 'retry throttled'],
    [500, 599, 'retry'],
  ],
}

function cameTo(status: number, policy: Policy): string {
  const outcome = outcomeOf({ answer: { status, body: '' }, retryAfterMs: 7_000, control: null }, policy)
  const flags = ['throttled', 'disable'].filter((flag) => flag in outcome)
  return [outcome.kind, ...flags].join(' ')
}

describe('what an answer means', () => {
  it.each(['default', 'standard-webhooks', 'knative'] as const)('is in the table of %s for every code', (policy) => {
    const expected = (code: number) => tables[policy].findLast(([first, last]) => first <= code && code <= last)?.[2]

    expect(codes.map((code) => `${code} ${cameTo(code, policy)}`)).toEqual(
      codes.map((code) => `${code} ${expected(code)}`),
    )
  })

  it('carries the wait that was asked for wherever it is tried again', () => {
    const answer = { status: 503, body: '' }

    expect(outcomeOf({ answer, retryAfterMs: 7_000, control: null })).toMatchObject({ retryAfterMs: 7_000 })
    expect(outcomeOf({ answer, retryAfterMs: null, control: null })).not.toHaveProperty('retryAfterMs')
  })

  it.each([500, 429, 404])('is overruled by what the receiver asks for (%i)', (status) => {
    const response = { answer: { status, body: '' }, retryAfterMs: null }

    expect(outcomeOf({ ...response, control: 'abort-message' })).toMatchObject({ kind: 'rejected' })
    expect(outcomeOf({ ...response, control: 'disable' })).toMatchObject({ kind: 'unavailable', disable: true })
    expect(outcomeOf({ ...response, control: 'anything' })).toEqual(outcomeOf({ ...response, control: null }))
  })
})
