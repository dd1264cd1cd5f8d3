import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { z } from 'zod'
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
      httpAgent: guarded(new HttpAgent(agent), deps),
      httpsAgent: guarded(new HttpsAgent(agent), deps),
    },
  }
}

type GuardDeps = Pick<TargetDeps, 'clock' | 'timeoutMs' | 'egress'>

/**
 * `lookup` never sees a literal address, so that each connection is checked before it is begun. One that does not come about in time fails by a code of its
 * own: the SDK would tell it as it tells an answer that is late, which is another thing.
 */
export function guarded<A extends HttpAgent>(agent: A, deps: GuardDeps): A {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    deps.egress.checkHost(options.host ?? '')
    const socket = connect(options, callback)
    if (socket instanceof Socket) limitConnecting(socket, deps)
    return socket
  }
  return agent
}

function limitConnecting(socket: Socket, { clock, timeoutMs }: GuardDeps): void {
  const error = Object.assign(new Error('no connection in time'), { code: 'CONNECT_TIMEOUT' })
  // Before the attempt as a whole is given up, which says less.
  const cancel = clock.timer(Math.min(timeoutMs / 2, 10_000), () => socket.destroy(error))
  socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', cancel)
  socket.once('close', cancel)
}
