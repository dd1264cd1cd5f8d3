import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { z } from 'zod'
import type { Egress } from '../../lib/egress.ts'
import type { TargetDeps } from '../define.ts'
import { boundedAnswers } from './bounded-answers.ts'

/** Options of every AWS target. Credentials and endpoint come as AWS' tools take them: environment, profiles, roles, `AWS_ENDPOINT_URL`. */
export const awsOptions = {
  region: z.string().min(1).optional().describe('AWS region; by default AWS_REGION or the profile decides'),
}

/** What each client is made with. Our outbox repeats, so that the SDK does not; the look-ups of its credentials go their own way. */
export function clientConfig({ region }: { readonly region?: string | undefined }, deps: TargetDeps) {
  const { timeoutMs, concurrency, egress } = deps
  const agent = { keepAlive: true, maxSockets: concurrency, lookup: egress.lookup }
  return {
    ...(region === undefined ? {} : { region }),
    maxAttempts: 1,
    extensions: [boundedAnswers(deps)],
    requestHandler: {
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      connectionTimeout: Math.min(timeoutMs, 10_000),
      httpAgent: guarded(new HttpAgent(agent), egress),
      httpsAgent: guarded(new HttpsAgent(agent), egress),
    },
  }
}

/** `lookup` never sees a literal address, so that each connection is checked before it is begun. */
function guarded<A extends HttpAgent>(agent: A, egress: Egress): A {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    egress.checkHost(options.host ?? '')
    return connect(options, callback)
  }
  return agent
}
