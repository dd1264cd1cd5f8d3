import { createSystemClock } from '../../../src/lib/clock.ts'
import { createEgress } from '../../../src/lib/egress.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import type { RequestThread } from '../../../src/targets/http/thread/request-thread.ts'
import { webhook } from '../../../src/targets/webhook/index.ts'
import { contractConcurrency, contractTimeoutMs, targetContract } from '../../contract/target.ts'
import { startBehavingReceiver } from '../../support/receiver.ts'
import { aRequestThread } from '../../support/request-thread.ts'

const secret = 'canary-of-the-contract'

async function aWorld(thread?: RequestThread) {
  const receiver = await startBehavingReceiver()
  const deps = {
    name: 'hook',
    clock: createSystemClock(),
    log: silentLog,
    timeoutMs: contractTimeoutMs,
    concurrency: contractConcurrency,
    secret: () => fixedSecret(secret),
    egress: createEgress(),
    thread,
  }
  const auth = { bearer: { env: 'TOKEN' } }
  const target = webhook.build({ url: `${receiver.url}?key=${secret}`, auth }, deps)
  receiver.atEnd(() => target.close())
  return { ...receiver, target, secret }
}

targetContract('webhook', () => aWorld(), { busyForMs: 7_000 })
targetContract('webhook (by a thread)', async () => aWorld(await aRequestThread()), { busyForMs: 7_000 })
