import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Closers } from '../../../src/app/closers.ts'
import { type Clock, createSystemClock, sleep } from '../../../src/lib/clock.ts'
import { silentLog } from '../../../src/lib/log.ts'
import type { Random } from '../../../src/lib/random.ts'
import { createSimulator, type Simulator } from '../../../src/simulator/create-simulator.ts'
import type { OneTriggerProcess } from '../../support/onetrigger.ts'
import { seededRandom } from '../../support/simulator.ts'
import { Hook } from './hook.ts'
import { Oracle, type Verdict } from './oracle.ts'
import { postgresOnLoopback, type StoreUnderTest, sqliteIn } from './stores.ts'
import { target, trigger, Victim, type VictimOptions } from './victim.ts'
import { Workload } from './workload.ts'

export interface WorldOptions {
  readonly seed: number
  readonly store: 'sqlite' | 'postgres'
  readonly perDirectory?: number
  /** Nobody was told anything for so long: what is owed by then is lost. 30 s by default. */
  readonly hopelessMs?: number
  readonly victim?: Pick<VictimOptions, 'program' | 'env' | 'source' | 'concurrency'>
}

/** For what must not come. */
const lingerMs = 1_500

/** A simulated provider with people at work, OneTrigger, and a webhook; an oracle knows what must come. */
export class CrashWorld {
  readonly clock: Clock
  readonly random: Random
  readonly folder: string
  readonly simulator: Simulator
  readonly oracle: Oracle
  readonly hook: Hook
  readonly store: StoreUnderTest
  readonly victim: Victim
  readonly workload: Workload
  readonly #closers: Closers
  readonly #hopelessMs: number
  /** After so many requests nothing came any more. */
  #silentAfter = -1

  private constructor(
    parts: Omit<CrashWorld, 'watched' | 'told' | 'unsettled' | 'wait' | 'close'>,
    closers: Closers,
    hopelessMs: number,
  ) {
    this.clock = parts.clock
    this.random = parts.random
    this.folder = parts.folder
    this.simulator = parts.simulator
    this.oracle = parts.oracle
    this.hook = parts.hook
    this.store = parts.store
    this.victim = parts.victim
    this.workload = parts.workload
    this.#closers = closers
    this.#hopelessMs = hopelessMs
  }

  static async create({
    seed,
    store: kind,
    perDirectory = 2_000,
    hopelessMs = 30_000,
    victim: other,
  }: WorldOptions): Promise<CrashWorld> {
    const closers = new Closers()
    const [clock, random] = [createSystemClock(), seededRandom(seed)]
    const folder = mkdtempSync(join(tmpdir(), 'onetrigger-crash-'))
    closers.add({ close: () => rmSync(folder, { recursive: true, force: true }) })
    const simulator = closers.add(
      await createSimulator({ ...simulated, clock, random: seededRandom(seed), log: silentLog }),
    )
    simulator.model.mkdir('in')
    const oracle = new Oracle({ trigger, target, spaceId: simulator.space.id })
    const hook = closers.add(await Hook.start((id, revision, eventId) => oracle.receive(id, revision, eventId)))
    const store = closers.add(kind === 'sqlite' ? sqliteIn(folder) : await postgresOnLoopback())
    const victim = new Victim({ folder, provider: simulator, hookUrl: hook.url, store, ...other })
    const workload = new Workload({
      model: () => simulator.model,
      oracles: [oracle],
      clock,
      random,
      perDirectory,
      tidies: false,
    })
    const parts = { clock, random, folder, simulator, oracle, hook, store, victim, workload }
    return new CrashWorld(parts, closers, hopelessMs)
  }

  /** Lets an undisturbed life do the first listing, so that every file from now on is one that has to come. */
  async watched(env: Readonly<Record<string, string>> = {}): Promise<OneTriggerProcess> {
    const process = this.victim.start({ logLevel: 'info', env })
    const ended = process.ended.then((code) => {
      throw new Error(`OneTrigger ended with ${code}:\n${process.stderr.join('\n')}`)
    })
    ended.catch(() => {})
    const isDone = () => process.stderr.some((line) => line.includes('the first listing is done'))
    while (!isDone()) await Promise.race([this.wait(20), ended])
    return process
  }

  /** Waits until all that is owed was told, or nothing comes any more; gives what came of it. */
  async told(): Promise<Verdict> {
    let [requests, since] = [this.oracle.requests, this.clock.now()]
    const isHopeless = () => requests === this.#silentAfter || this.clock.now() - since >= this.#hopelessMs
    while (this.oracle.owed > 0 && !isHopeless()) {
      await this.wait(50)
      if (this.oracle.requests !== requests) [requests, since] = [this.oracle.requests, this.clock.now()]
    }
    if (this.oracle.owed > 0) this.#silentAfter = requests
    await this.wait(lingerMs)
    return this.oracle.verdict()
  }

  /** Ends the last life in peace: gives what the receiver took and the store owes all the same. Rejects where it does not end well. */
  async unsettled(last: OneTriggerProcess): Promise<readonly string[]> {
    const how = await last.kill('SIGTERM')
    if (how !== 0) throw new Error(`OneTrigger was to end and ended with ${how}:\n${last.stderr.join('\n')}`)
    return (await this.store.owed()).filter((id) => this.oracle.hasReceived(id))
  }

  wait(ms: number): Promise<void> {
    return sleep(this.clock, ms, new AbortController().signal)
  }

  close(): Promise<void> {
    return this.#closers.close()
  }
}

const delays = { sizeFlushMs: 100, timesFlushMs: 100, pollMs: 20 }
export const simulated = { version: '25.0', port: 0, tls: false, spaceName: 'Gamma', delays } as const
