import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../../src/core/errors.ts'
import type { Summary } from '../../src/lambda/run-once.ts'
import type { LambdaContext, ScheduledFunction } from '../../src/lambda/scheduled-function.ts'
import { createScheduledFunction } from '../../src/lambda/scheduled-function.ts'
import { type Clock, createSystemClock } from '../../src/lib/clock.ts'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import type { SimulatorOptions } from '../../src/simulator/simulator.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { startSimulator } from '../support/simulator.ts'
import { tempDir } from '../support/temp-dir.ts'

/** Long enough for every run of a test. */
const runMs = 60_000

/** A scheduled function with its provider, its target and its store; between two runs as much time passes as a test wants. */
export class LambdaWorld {
  readonly simulator: Simulator
  readonly receiver: Receiver
  /** What the runs share. */
  readonly store: Store
  readonly lines: string[] = []
  readonly #aheadMs: { value: number }
  readonly #clock: Clock
  readonly #env: Readonly<Record<string, string>>
  #processes = 0
  #isOpen = false

  private constructor(simulator: Simulator, receiver: Receiver, env: Readonly<Record<string, string>>) {
    const ahead = { value: 0 }
    this.simulator = simulator
    this.receiver = receiver
    this.#aheadMs = ahead
    this.#clock = shifted(createSystemClock(), () => ahead.value)
    this.store = createMemoryStore(this.#clock)
    this.#env = env
  }

  static async start(
    options: {
      readonly provider?: Partial<SimulatorOptions> /** `onetrigger.yaml` instead of the variables of 2019, made with the URL of the receiver. */
      readonly configuration?: (receiver: string) => object
    } = {},
  ): Promise<LambdaWorld> {
    const simulator = await startSimulator(options.provider)
    simulator.model.mkdir('in')
    const receiver = await startReceiver()
    const base = {
      ONEPROVIDER_HOST: simulator.url,
      ONEDATA_SPACE: 'Gamma',
      ONEDATA_ACCESS_TOKEN: simulator.token,
      ONETRIGGER_FOLDER_1: '/in/',
      ONETRIGGER_WEBHOOK_1: receiver.url,
      ONETRIGGER_TABLE: 'onetrigger',
    }
    if (options.configuration === undefined) return new LambdaWorld(simulator, receiver, base)
    const path = join(tempDir(), 'onetrigger.yaml')
    writeFileSync(path, JSON.stringify(options.configuration(receiver.url)))
    return new LambdaWorld(simulator, receiver, { ONETRIGGER_CONFIG: path, ONETRIGGER_TABLE: 'onetrigger' })
  }

  /** A process that has not run yet. */
  coldFunction(): ScheduledFunction {
    this.#processes += 1
    return createScheduledFunction({
      env: this.#env,
      random: () => 0.5,
      holder: `process ${this.#processes}`,
      openStore: async () => this.#open(),
      createClock: () => this.#clock,
      write: (line) => this.lines.push(line),
    })
  }

  pass(ms: number): void {
    this.#aheadMs.value += ms
  }

  /** Runs it once, with so much time until Lambda would kill it. */
  run(what: ScheduledFunction, withinMs = runMs): Promise<Summary> {
    const end = this.#clock.now() + withinMs
    const context: LambdaContext = { getRemainingTimeInMillis: () => end - this.#clock.now() }
    return what({}, context)
  }

  /** One run at a time has it. */
  #open(): Store {
    if (this.#isOpen) throw new StoreError('STORE_LOCKED', 'Another run has it.')
    this.#isOpen = true
    const close = async () => {
      this.#isOpen = false
    }
    return new Proxy(this.store, {
      get: (store, name) => {
        const value: unknown = name === 'close' ? close : Reflect.get(store, name)
        return typeof value === 'function' ? value.bind(store) : value
      },
    })
  }
}

function shifted(clock: Clock, aheadMs: () => number): Clock {
  return {
    now: () => clock.now() + aheadMs(),
    wall: () => clock.wall() + aheadMs(),
    timer: (delayMs, run) => clock.timer(delayMs, run),
  }
}
