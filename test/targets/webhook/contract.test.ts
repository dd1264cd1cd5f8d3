import { createSystemClock } from '../../../src/lib/clock.ts'
import { createEgress } from '../../../src/lib/egress.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import { webhook } from '../../../src/targets/webhook/index.ts'
import { contractConcurrency, contractTimeoutMs, targetContract } from '../../contract/target.ts'
import { startBehavingReceiver } from '../../support/receiver.ts'

const secret = 'canary-of-the-contract'

targetContract(
  'webhook',
  async () => {
    const receiver = await startBehavingReceiver()
    const deps = {
      name: 'hook',
      clock: createSystemClock(),
      log: silentLog,
      timeoutMs: contractTimeoutMs,
      concurrency: contractConcurrency,
      secret: () => fixedSecret(secret),
      egress: createEgress(),
    }
    const auth = { bearer: { env: 'TOKEN' } }
    const target = webhook.build({ url: `${receiver.url}?key=${secret}`, auth }, deps)
    receiver.atEnd(() => target.close())
    return { ...receiver, target, secret }
  },
  { busyForMs: 7_000 },
)
