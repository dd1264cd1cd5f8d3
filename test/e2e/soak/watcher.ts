import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Closers } from '../../../src/app/closers.ts'
import type { OneTriggerProcess } from '../../support/onetrigger.ts'
import { waitFor } from '../../support/wait-for.ts'
import { Hook } from '../crash/hook.ts'
import { Oracle } from '../crash/oracle.ts'
import { sqliteIn } from '../crash/stores.ts'
import { target, trigger, Victim } from '../crash/victim.ts'
import type { Providers } from './providers.ts'
import { type Vitals, vitalsVariable } from './vitals.ts'

const preload = pathToFileURL(join(import.meta.dirname, 'vitals-preload.ts')).href
/** Soon after a fault everything has to work again, or the next one comes before. */
const source = { reconcileInterval: '20s', watchdog: '20s', requestTimeout: '10s' }
/** A file that was begun on one provider and went on with the other has holes there, until the distribution is asked. */
const completion = { vetoFor: '3s' }

/** What its log says whenever it begins to watch. */
const watching = /"provider":"([^"]+)".*"watching"/

/** One OneTrigger with its own store, webhook and oracle; several may watch one provider. */
export class Watcher {
  readonly oracle: Oracle
  readonly hook: Hook
  readonly #victim: Victim
  readonly #vitals: string
  #process: OneTriggerProcess

  private constructor(oracle: Oracle, hook: Hook, victim: Victim, vitals: string) {
    this.oracle = oracle
    this.hook = hook
    this.#victim = victim
    this.#vitals = vitals
    this.#process = this.#start()
  }

  /** Resolves when it has done its first listing: whatever comes from now on has to be told. */
  static async create(name: string, parent: string, providers: Providers, closers: Closers): Promise<Watcher> {
    const folder = join(parent, name)
    mkdirSync(folder)
    const oracle = new Oracle({ trigger, target, spaceId: providers.space.id })
    const hook = closers.add(await Hook.start((id, revision, eventId) => oracle.receive(id, revision, eventId)))
    const { token, zone } = providers
    const options = {
      folder,
      provider: { token, zone },
      hookUrl: hook.url,
      store: sqliteIn(folder),
      source,
      completion,
    }
    const [victim, vitals] = [new Victim({ ...options, retry: { delays: ['500ms', '2s'] } }), join(folder, 'vitals')]
    writeFileSync(vitals, '')
    const watcher = new Watcher(oracle, hook, victim, vitals)
    closers.add({ close: () => watcher.stop('SIGKILL') })
    await waitFor('the first listing is done', () => watcher.#says('the first listing is done'), 60_000)
    return watcher
  }

  /** Where it watches, as it said last. */
  get provider(): string {
    const line = this.#process.stderr.findLast((text) => watching.test(text)) ?? ''
    return watching.exec(line)?.[1] ?? ''
  }

  /** Why it is not running; null = it is. */
  get end(): string | null {
    const { exitCode, signalCode } = this.#process.child
    if (exitCode === null && signalCode === null) return null
    return `${exitCode ?? signalCode}: ${this.#process.stderr.at(-1) ?? ''}`
  }

  async restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.stop(signal)
    this.#process = this.#start()
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#process.kill(signal)
  }

  async vitals(): Promise<Vitals> {
    const before = this.#measured().length
    this.#process.child.kill('SIGUSR2')
    const measured = await waitFor('it has measured itself', () => this.#measured()[before], 60_000)
    // What the preload wrote.
    return JSON.parse(measured) as Vitals
  }

  #start(): OneTriggerProcess {
    return this.#victim.start({
      logLevel: 'info',
      env: { NODE_OPTIONS: `--import=${preload}`, [vitalsVariable]: this.#vitals },
    })
  }

  #measured(): readonly string[] {
    return readFileSync(this.#vitals, 'utf8').split('\n').slice(0, -1)
  }

  #says(text: string): boolean {
    return this.#process.stderr.some((line) => line.includes(text))
  }
}
