// The thread that makes requests, as `request-thread.ts` tells it. What it may connect to is decided here as it is there.
import { parentPort, workerData } from 'node:worker_threads'
import type { Dispatcher } from 'undici'
import { createSystemClock } from '../../../lib/clock.ts'
import { createEgress } from '../../../lib/egress.ts'
import { type ConnectionPlan, openDispatcher } from '../dispatchers.ts'
import { type Answered, Exchange } from '../exchange.ts'
import type { Ask, Order, Report, ThreadData } from './messages.ts'
import { Together } from './together.ts'

interface Connections {
  readonly origin: string
  readonly dispatcher: Dispatcher
}

// What `request-thread.ts` gave.
const { egress } = workerData as ThreadData
const { lookup } = createEgress(egress)
const clock = createSystemClock()
const opened = new Map<number, Connections>()
const underWay = new Map<number, Exchange>()
const reports = new Together<Report>((together) => parentPort?.postMessage(together))

parentPort?.on('message', (orders: readonly Order[]) => {
  for (const order of orders) follow(order)
})
// Now it listens.
parentPort?.postMessage([])

function follow(order: Order): void {
  if (order[0] === 'ask') ask(order)
  else if (order[0] === 'give up') underWay.get(order[1])?.fail(new Error('given up'))
  else if (order[0] === 'open') open(order[1], order[2])
  else void close(order[1], order[2])
}

function open(number: number, plan: ConnectionPlan): void {
  opened.set(number, { origin: plan.origin, dispatcher: openDispatcher(plan, lookup) })
}

async function close(number: number, breakOff: boolean): Promise<void> {
  const dispatcher = opened.get(number)?.dispatcher
  opened.delete(number)
  await (breakOff ? dispatcher?.destroy() : dispatcher?.close())
}

function ask([, number, plan, method, path, headers, body, leftMs, mostBytes]: Ask): void {
  const connections = opened.get(plan)
  if (connections === undefined) throw new Error(`connections ${plan} were not opened`)
  const { origin, dispatcher } = connections
  const end = (report: Report) => {
    underWay.delete(number)
    reports.add(report)
  }
  const limits = { clock, until: clock.now() + leftMs, mostBytes }
  const exchange = new Exchange(limits, {
    answered: (answer) => end(answerOf(number, answer)),
    failed: (error) => end(failureOf(number, error)),
  })
  underWay.set(number, exchange)
  exchange.begin(dispatcher, {
    origin,
    method,
    path,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
  })
}

function answerOf(number: number, { status, headers, body, isWhole }: Answered): Report {
  // A copy of its own: with a part of a larger buffer all of that would be sent.
  return ['answer', number, status, headers, body.length === 0 ? null : new Uint8Array(body), isWhole]
}

function failureOf(number: number, error: unknown): Report {
  if (error instanceof Error && 'code' in error) return ['failure', number, String(error.code), error.message]
  return ['failure', number, null, error instanceof Error ? String(error.stack) : String(error)]
}
