import { expect, it, onTestFinished } from 'vitest'
import { createEgress } from '../../../src/lib/egress.ts'
import { webhook } from '../../../src/targets/webhook/index.ts'
import { anEvent } from '../../support/builders.ts'
import { targetDeps } from '../../support/target-deps.ts'

it.each(['ENOTFOUND', 'EAI_AGAIN'])(
  'a name that cannot be looked up (%s) is the target being away, and not the end',
  async (code) => {
    const egress = createEgress({
      resolve: (hostname, _options, callback) =>
        callback(Object.assign(new Error(`${code} ${hostname}`), { code }), []),
    })
    const target = webhook.build({ url: 'http://nowhere.example/' }, targetDeps({ egress }))
    onTestFinished(() => target.close())
    const delivery = { id: 'dlv_1', target: 'hook', event: anEvent(), attempt: 1, createdAt: 0 }

    const outcome = await target.deliver(delivery, new AbortController().signal)

    expect(outcome).toEqual({ kind: 'unavailable', reason: `no connection to the receiver (${code})` })
  },
)
