// Deliveries whose requests are made by a thread, from a real SQLite store to a real receiver.
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { defaultRetry } from '../../src/core/retry.ts'
import { createDispatcher } from '../../src/delivery/dispatcher.ts'
import { silentDeliveryMeter } from '../../src/delivery/meter.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { RequestTaker } from '../../src/targets/http/line.ts'
import { RequestThread } from '../../src/targets/http/thread/request-thread.ts'
import { webhook } from '../../src/targets/webhook/index.ts'
import { anEvent } from '../support/builders.ts'
import { listenOnLoopback, urlOf } from '../support/loopback.ts'
import { aRequestThread } from '../support/request-thread.ts'
import { targetDeps } from '../support/target-deps.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const count = 2_000

/** Refuses every twentieth delivery at its first try, and cuts off another; tells how often each was taken. */
async function aMoodyReceiver() {
  const seen = new Set<string>()
  const taken = new Map<string, number>()
  const server = createServer((request, response) => {
    const id = String(request.headers['webhook-id'])
    request.resume().on('end', () => {
      const mood = seen.has(id) ? 'good' : (['rude', 'bad'][seen.size % 20] ?? 'good')
      seen.add(id)
      if (mood === 'rude') return request.socket.destroy()
      if (mood === 'good') taken.set(id, (taken.get(id) ?? 0) + 1)
      return response.writeHead(mood === 'good' ? 204 : 503).end()
    })
  })
  await listenOnLoopback(server)
  return { url: urlOf(server), taken }
}

/** Delivers `count` events; resolves with how many requests the thread made when none is owed any more. */
async function deliverAll(url: string, thread: RequestThread): Promise<number> {
  const clock = createSystemClock()
  const store = await openSqliteStore({ path: join(tempDir(), 'onetrigger.db'), clock })
  let made = 0
  const counted: RequestTaker = {
    takes: () => thread.takes(),
    exchange: (...request) => {
      made += 1
      return thread.exchange(...request)
    },
    leave: (plan, breakOff) => thread.leave(plan, breakOff),
  }
  const target = webhook.build({ url }, targetDeps({ name: 'hook', concurrency: 32, thread: counted }))
  onTestFinished(async () => {
    await target.close()
    await store.close()
  })
  const events = Array.from({ length: count }, (_, index) => anEvent({ id: `evt_${index}`, fileId: `file-${index}` }))
  await store.settle(
    [],
    events.map((event) => ({ event, targets: ['hook'] })),
  )
  const dispatcher = createDispatcher({
    store,
    targets: new Map([
      ['hook', { target, concurrency: 32, timeoutMs: 10_000, retry: { ...defaultRetry, delaysMs: [20] } }],
    ]),
    clock,
    random: Math.random,
    meter: silentDeliveryMeter,
    log: silentLog,
  })
  const stop = new AbortController()
  const running = dispatcher.run(stop.signal, new AbortController().signal)
  await waitFor('none is owed', async () => (await store.depth()).every(({ owed }) => owed === 0), 60_000)
  stop.abort()
  await running
  return made
}

it('each delivery is taken once, whatever the receiver does at its first try', async () => {
  const { url, taken } = await aMoodyReceiver()

  const made = await deliverAll(url, await aRequestThread())

  expect(made).toBe(count + count / 10)
  expect(taken.size).toBe(count)
  expect(new Set(taken.values())).toEqual(new Set([1]))
})

it('none is lost when the thread fails under way', async () => {
  const { url, taken } = await aMoodyReceiver()
  const entry = new URL('../support/dying-thread.ts', import.meta.url)
  const thread = new RequestThread({ clock: createSystemClock(), log: silentLog, egress: {}, many: 1, entry })
  onTestFinished(() => thread.close())
  await waitFor('the thread listens', () => thread.takes())

  const made = await deliverAll(url, thread)

  expect(made).toBeGreaterThan(100)
  expect(made).toBeLessThan(count)
  expect(taken.size).toBe(count)
  // What it had in hand may have been taken before.
  expect([...taken.values()].filter((times) => times > 1).length).toBeLessThanOrEqual(32)
})
