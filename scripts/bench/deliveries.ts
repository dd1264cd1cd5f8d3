import type { Outcome } from '../../src/core/delivery.ts'
import { deliveryId } from '../../src/core/ids.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import type { Target } from '../../src/core/target.ts'
import type { DispatcherTarget } from '../../src/delivery/dispatcher.ts'
import { createSystemClock, sleep } from '../../src/lib/clock.ts'
import { readOptions, wholeNumber } from '../options.ts'
import { percentiles, preciseNow, Sink } from './children.ts'
import { bare, dispatch, saturated } from './saturation.ts'
import { concurrency, owedEvents, signed } from './signed.ts'
import { median } from './statistics.ts'

const { backlog, rate, seconds, rounds } = readOptions({
  command: 'bench:deliveries',
  about:
    'What the delivery half does: signed deliveries from SQLite (synchronous=FULL) to a receiver in a process of its own. Prints deliveries per second from ' +
    'a full outbox; the time from handing an event to the store to its request at the receiver, at a steady rate; and what a healthy target keeps of its ' +
    'throughput beside one that hangs and one that fails.',
  examples: { '--backlog 10000 --rounds 1': 'a shorter one' },
  options: {
    backlog: wholeNumber('how many deliveries are owed at the start', 100_000),
    rate: wholeNumber('how many events come in a second, where they come steadily', 1_000),
    seconds: wholeNumber('how long they come', 20, { unit: 'seconds' }),
    rounds: wholeNumber('how often all is measured', 3),
  },
})
const clock = createSystemClock()
const never = new AbortController().signal

/** Open loop: events come on a timetable, whatever became of those before. */
async function steady(): Promise<void> {
  const sink = await Sink.start()
  const due = new Map<string, number>()
  let added: number[] = []
  await dispatch(
    new Map([['hook', signed(sink.url, clock)]]),
    async () => {},
    async (store, wake, settled) => {
      const began = preciseNow()
      const writes: Promise<void>[] = []
      for (let index = 0; index < rate * seconds; index++) {
        const at = began + (index * 1_000) / rate
        if (at > preciseNow()) await sleep(clock, Math.max(at - preciseNow(), 0), never)
        due.set(deliveryId(String(index), 'hook'), at)
        writes.push(store.settle([], owedEvents(index, 1, ['hook'])).then(wake))
      }
      await Promise.all(writes)
      await settled(rate * seconds)
      const times = await sink.times()
      added = [...due].map(([id, at]) => (times.get(id) ?? Number.NaN) - at)
    },
  )
  sink.close()
  if (added.some(Number.isNaN)) throw new Error('a delivery never came')
  console.log(`  ${percentiles(added)}`)
}

function told(answer: (signal: AbortSignal) => Promise<Outcome>): DispatcherTarget {
  const target: Target = { deliver: (_delivery, signal) => answer(signal), close: async () => {} }
  return { target, concurrency, timeoutMs: 30_000, retry: defaultRetry }
}

const hangs = (signal: AbortSignal) =>
  new Promise<Outcome>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
const fails = async (): Promise<Outcome> => ({ kind: 'retry', reason: 'it answered 500' })

async function deliver(others: Readonly<Record<string, DispatcherTarget>> = {}): Promise<number> {
  const { perSecond, cores } = await saturated(backlog, others)
  console.log(`  ${Math.round(perSecond)} deliveries per second, ${cores.toFixed(2)} cores beside the receiver's`)
  return perSecond
}

const [raw, alone, beside]: [number[], number[], number[]] = [[], [], []]
for (let round = 1; round <= rounds; round++) {
  console.log(`round ${round}: a bare loop of ${backlog} requests`)
  raw.push(await bare(backlog))
  console.log(`  ${Math.round(raw.at(-1) ?? Number.NaN)} requests per second`)
  console.log(`round ${round}: a full outbox of ${backlog}`)
  alone.push(await deliver())
  console.log(`round ${round}: beside a target that hangs and one that fails`)
  beside.push(await deliver({ hangs: told(hangs), fails: told(fails) }))
  console.log(`round ${round}: ${rate} a second for ${seconds} s, from the store to the receiver`)
  await steady()
}
console.log(`median ${Math.round(median(alone))} per second, worst ${Math.round(Math.min(...alone))}`)
const ofBare = median(alone.map((each, index) => each / (raw[index] ?? Number.NaN)))
console.log(`durable and signed that is ${(ofBare * 100).toFixed(0)} % of the bare loop of the same round`)
const shares = alone.map((each, index) => (beside[index] ?? 0) / each)
console.log(
  `beside a target that hangs and one that fails the healthy one keeps ${(median(shares) * 100).toFixed(0)} %`,
)
