// OneTrigger that takes a request for answered as soon as its thread has it, to show that the harness sees it: node hasty-child.ts run --config FILE
import './always-many.ts'
import { RequestThread } from '../../../src/targets/http/thread/request-thread.ts'

const { exchange } = RequestThread.prototype
RequestThread.prototype.exchange = async function (...request) {
  exchange.apply(this, request).catch(() => {})
  return { status: 204, headers: {}, body: Buffer.alloc(0), isWhole: true }
}
await import('../../../src/cli/main.ts')
