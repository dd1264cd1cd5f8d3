import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import { createSystemClock } from '../../../src/lib/clock.ts'
import { createEgress } from '../../../src/lib/egress.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import { webhook } from '../../../src/targets/webhook/index.ts'
import { anEvent } from '../../support/builders.ts'

const ours = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
const foreign = `whsec_${Buffer.alloc(24, 2).toString('base64')}`
const never = new AbortController().signal

function aWebhook(url: string, secret: string) {
  const deps = { name: 'hook', clock: createSystemClock(), log: silentLog, timeoutMs: 5_000, concurrency: 1 }
  const given = { url, secret: { env: 'HOOK_SECRET' } }
  const target = webhook.build(given, { ...deps, egress: createEgress(), secret: () => fixedSecret(secret) })
  onTestFinished(() => target.close())
  return target
}

it('the receiver of the example believes only what is signed, and takes a repeated delivery once', async () => {
  const receiver = spawn(process.execPath, ['examples/webhook-receiver.mjs'], {
    env: { PORT: '0', HOOK_SECRET: ours },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => receiver.once('exit', resolve))
  onTestFinished(async () => {
    receiver.kill()
    await ended
  })
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]()
  const port = /\d+$/.exec(String((await lines.next()).value))?.[0]
  const url = `http://127.0.0.1:${port}/`
  const event = (path: string) => anEvent({ path, id: `evt_${path}` })
  const delivery = (path: string) => ({
    id: `dlv_${path}`,
    target: 'hook',
    event: event(path),
    attempt: 1,
    createdAt: 0,
  })

  expect(await aWebhook(url, foreign).deliver(delivery('forged'), never)).toMatchObject({
    kind: 'unavailable',
    answer: { status: 401 },
  })
  const target = aWebhook(url, ours)
  for (const path of ['a', 'a', 'b']) {
    expect(await target.deliver(delivery(path), never)).toMatchObject({ kind: 'delivered' })
  }

  expect([(await lines.next()).value, (await lines.next()).value]).toEqual(['process /Gamma/a', 'process /Gamma/b'])
})
