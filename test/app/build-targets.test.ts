import type { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { buildTargets } from '../../src/app/build-targets.ts'
import { Closers } from '../../src/app/closers.ts'
import type { Outcome } from '../../src/core/delivery.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { aConfig, anEvent } from '../support/builders.ts'
import { startReceiver } from '../support/receiver.ts'
import { waitFor } from '../support/wait-for.ts'

/** A webhook to a receiver that must not be reached, and how to have it deliver many at once. */
async function aForbiddenReceiver(mayStartThreads: boolean) {
  const receiver = await startReceiver()
  const options = { url: receiver.url.replace('127.0.0.1', 'localhost') }
  const target = { type: 'webhook', options, concurrency: 50, timeoutMs: 5_000, retry: defaultRetry }
  const config = aConfig({
    targets: new Map([['hook', { ...target, perSecond: null, disableAfterMs: null }]]),
    egress: { deny: ['127.0.0.0/8', '::1'] },
  })
  const closers = new Closers()
  onTestFinished(() => closers.close())
  const deps = { clock: createSystemClock(), log: silentLog, secret: () => fixedSecret('s'), mayStartThreads }
  const hook = buildTargets(config, deps, new Map(), closers).get('hook')
  const deliver = (count: number) => {
    const delivery = { target: 'hook', event: anEvent(), attempt: 1, createdAt: 0 }
    const never = new AbortController().signal
    const all = Array.from({ length: count }, (_, index) =>
      hook?.target.deliver({ ...delivery, id: `dlv_${index}` }, never),
    )
    return Promise.all(all)
  }
  return { receiver, deliver, closers }
}

const refused = { kind: 'unavailable', reason: expect.stringContaining('localhost is not contacted') }

test('many deliveries are made by a thread, which reaches nothing else and ends with the targets', async () => {
  const { receiver, deliver, closers } = await aForbiddenReceiver(true)
  const told = { reports: 0, hasEnded: false }
  process.once('worker', (worker: Worker) => {
    worker.on('message', (reports: readonly unknown[]) => {
      told.reports += reports.length
    })
    worker.on('exit', () => {
      told.hasEnded = true
    })
  })
  const outcomes: (Outcome | undefined)[] = [...(await deliver(2_500))]
  while (told.reports === 0) outcomes.push(...(await deliver(2_500)))
  await closers.close()
  await waitFor('the thread has ended', () => told.hasEnded)

  expect(outcomes.length).toBeGreaterThan(2_500)
  for (const outcome of outcomes) expect(outcome).toMatchObject(refused)
  expect(receiver.attempts).toBe(0)
})

test('where no thread may be started none is', async () => {
  const { deliver } = await aForbiddenReceiver(false)
  let started = 0
  const count = () => {
    started += 1
  }
  process.on('worker', count)
  onTestFinished(() => void process.off('worker', count))

  for (const outcome of await deliver(2_500)) expect(outcome).toMatchObject(refused)

  expect(started).toBe(0)
})
