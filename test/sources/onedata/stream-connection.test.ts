import { expect, it } from 'vitest'
import type { Line, Network } from '../../../src/lib/network.ts'
import { openStream } from '../../../src/sources/onedata/stream-connection.ts'
import { FakeClock, settled } from '../../support/fake-clock.ts'

/** Takes every message and never answers; what waits ends when the line is closed. */
function aSilentNetwork(): Network & { closed: number } {
  const line = (): Line => {
    const cut = Promise.withResolvers<never>()
    cut.promise.catch(() => {})
    return {
      send: () => cut.promise,
      close: () => {
        network.closed += 1
        cut.reject(Object.assign(new Error('cut'), { code: 'ECONNABORTED' }))
      },
    }
  }
  const network = { closed: 0, questions: line, stream: line }
  return network
}

it('gives a stream up of which no head comes within 30 s of our own clock', async () => {
  const clock = new FakeClock()
  const network = aSilentNetwork()
  const connection = {
    ...{ origin: 'http://127.0.0.1:1', network, ca: null, insecure: false, proxy: null },
    token: () => 'a token',
    refreshToken: () => 'a token',
  }
  const request = { connection, path: '/stream', headers: {}, body: {}, clock, watchdogMs: 360_000 }
  let reason = ''
  const opening = openStream(request, new AbortController().signal).catch((error: unknown) => {
    reason = error instanceof Error ? error.message : 'no error'
  })

  await clock.advance(29_000)
  expect(reason).toBe('')
  await clock.advance(1_000)
  await settled()
  await opening

  expect(reason).toContain('it did not answer within 30 s')
  expect(network.closed).toBeGreaterThan(0)
})
