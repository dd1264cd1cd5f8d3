import { startDemoReceiver } from '../../src/cli/demo-receiver.ts'
import { type FinishedRevision, judge } from '../../src/cli/demo-verdict.ts'
import { type Clock, createSystemClock, sleep } from '../../src/lib/clock.ts'
import type { Random } from '../../src/lib/random.ts'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { type Dynamo, startDynalite } from '../../test/support/dynamo.ts'
import { LambdaRuntime } from '../../test/support/lambda-runtime.ts'
import { seededRandom } from '../../test/support/simulator.ts'
import { startSimulated } from '../simulated.ts'

export interface ProofOptions {
  /** Where the bundle is. */
  readonly folder: string
  readonly crashes: number
  readonly seed: number
  readonly say: (line: string) => void
}

export interface Proof {
  readonly finished: number
  readonly lost: number
  readonly early: number
  readonly twoIds: number
  readonly repeats: number
  /** Repeats in runs that come behind two undisturbed ones: nothing was in flight any more. */
  readonly needless: number
  readonly runs: number
  /** What the runs were doing when they were killed. */
  readonly points: Readonly<Record<string, number>>
}

const minuteMs = 60_000
const never = new AbortController().signal
/** A run is killed within so many milliseconds, or after so many requests to DynamoDB (before or after one is carried out). */
const mostMs = 1_600
const mostRequests = 10
/** Files that are begun between two runs, and one in so many of those under way that is finished. */
const filesPerRun = 3

/** See scripts/prove/lambda.ts. */
export async function proveLambda({ folder, crashes, seed, say }: ProofOptions): Promise<Proof> {
  const clock = createSystemClock()
  const random = seededRandom(seed)
  const simulator = await startSimulated(clock, { random, delays: { sizeFlushMs: 0, timesFlushMs: 0, pollMs: 20 } })
  const receiver = await startDemoReceiver(() => clock.now())
  const dynamo = await startDynalite()
  const lambda = await new LambdaRuntime(folder, {
    AWS_ENDPOINT_URL: dynamo.url,
    ONEPROVIDER_HOST: simulator.url,
    ONEDATA_SPACE: 'Gamma',
    ONEDATA_ACCESS_TOKEN: simulator.token,
    ONETRIGGER_FOLDER_proof: 'in',
    ONETRIGGER_WEBHOOK_proof: receiver.url,
    ONETRIGGER_TABLE: await dynamo.makeTable(),
  }).start()
  const uploads = new Uploads(simulator, random, () => clock.now())
  const points: Record<string, number> = {}
  let runs = 0
  /** One that was killed keeps the table for a minute. */
  const run = () => lambda.invoke({ aheadMs: 2 * runs++ * minuteMs })
  try {
    // The baseline is done by an undisturbed run, so that every file after it is one that has to fire.
    await run()
    let killed = 0
    while (killed < crashes) {
      uploads.goOn()
      const running = run()
      const point = await killSomewhere({ lambda, dynamo, random, clock })
      dynamo.fate = () => 'answered'
      const { kind } = await running
      if (kind !== 'killed') continue
      killed += 1
      points[point] = (points[point] ?? 0) + 1
      if (killed % 20 === 0)
        say(`${killed} crashes, ${uploads.finished.length} files finished, ${receiver.received.length} requests`)
    }
    uploads.finishAll()
    const names = { trigger: 'proof', spaceId: simulator.space.id, target: 'proof' }
    let quietFrom = Number.POSITIVE_INFINITY
    for (let more = 0; more < 20; more++) {
      await run()
      // What a killed run had claimed is free again by the second.
      if (more === 1) quietFrom = receiver.received.length
      if (judge(uploads.finished, receiver.received, names).lost.length === 0 && more > 2) break
    }
    const verdict = judge(uploads.finished, receiver.received, names)
    const ids = new Map<string, Set<string>>()
    for (const { key, id } of receiver.received) ids.set(key, (ids.get(key) ?? new Set()).add(id))
    return {
      finished: uploads.finished.length,
      lost: verdict.lost.length,
      early: verdict.early.length,
      twoIds: [...ids.values()].filter((set) => set.size > 1).length,
      repeats: verdict.doubled.length,
      needless: repeatsFrom(receiver.received, quietFrom),
      runs,
      points,
    }
  } finally {
    await lambda.close()
    await dynamo.close()
    await receiver.close()
    await simulator.close()
  }
}

function repeatsFrom(received: readonly { readonly id: string }[], from: number): number {
  const before = new Set<string>()
  return received.filter(({ id }, index) => {
    const isRepeat = before.has(id)
    before.add(id)
    return isRepeat && index >= from
  }).length
}

interface Killing {
  readonly lambda: LambdaRuntime
  readonly dynamo: Dynamo
  readonly random: Random
  readonly clock: Clock
}

/** Half of the crashes fall at a random time, half at a request to the store: before it arrives, or after it was carried out. Gives which. */
async function killSomewhere({ lambda, dynamo, random, clock }: Killing): Promise<string> {
  if (random() < 0.5) {
    const before = dynamo.requests.length
    await sleep(clock, random() * mostMs, never)
    lambda.kill()
    return dynamo.requests.length === before ? 'starting' : 'at work'
  }
  const [at, fate] = [
    Math.floor(random() * mostRequests),
    random() < 0.5 ? ('hung before' as const) : ('hung after' as const),
  ]
  const { promise, resolve } = Promise.withResolvers<string>()
  let count = 0
  dynamo.fate = ({ operation }) => {
    if (count++ !== at) return 'answered'
    resolve(`${fate === 'hung before' ? 'before' : 'after'} ${operation}`)
    return fate
  }
  const point = await Promise.race([promise, sleep(clock, mostMs * 2, never).then(() => 'at its end')])
  await dynamo.idle()
  lambda.kill()
  return point
}

/** Files that grow between the runs; each is finished some runs after it was begun. */
class Uploads {
  readonly finished: FinishedRevision[] = []
  readonly #simulator: Simulator
  readonly #random: Random
  readonly #now: () => number
  readonly #growing: string[] = []
  #count = 0

  constructor(simulator: Simulator, random: Random, now: () => number) {
    this.#simulator = simulator
    this.#random = random
    this.#now = now
  }

  /** What happens in the minutes between two runs: some grow, some of them for the last time, some are begun. */
  goOn(): void {
    for (const path of this.#growing.splice(0)) {
      this.#grow(path)
      if (this.#random() < 0.4) this.#finish(path)
      else this.#growing.push(path)
    }
    for (let more = 0; more < filesPerRun; more++) {
      const path = `in/file-${String(this.#count++).padStart(6, '0')}.dat`
      this.#simulator.model.create(path, 1 + Math.floor(this.#random() * 1_000))
      this.#growing.push(path)
    }
  }

  finishAll(): void {
    for (const path of this.#growing.splice(0)) {
      this.#grow(path)
      this.#finish(path)
    }
  }

  #grow(path: string): void {
    const { model } = this.#simulator
    model.write(path, (model.stat(path)?.size ?? 0) + 1 + Math.floor(this.#random() * 1_000))
    model.sync(path)
  }

  #finish(path: string): void {
    const stat = this.#simulator.model.stat(path)
    if (stat === null) throw new Error(`${path} is not there`)
    const { fileId, size, mtime } = stat
    this.finished.push({ path, fileId, size, mtime, finishedAt: this.#now() })
  }
}
