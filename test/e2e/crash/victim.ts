import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type OneTriggerProcess, spawnProgram } from '../../support/onetrigger.ts'
import { type Aim, aimVariable } from './points.ts'
import type { StoreUnderTest } from './stores.ts'

const main = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts')
const preload = pathToFileURL(join(import.meta.dirname, 'kill-points.ts')).href

export interface VictimOptions {
  readonly folder: string
  readonly provider: Place
  readonly hookUrl: string
  readonly store: StoreUnderTest
  /** Of the source, beside what is said here. */
  readonly source?: Readonly<Record<string, unknown>>
  /** Of the trigger, beside what is said here. */
  readonly completion?: Readonly<Record<string, unknown>>
  /** Of the target. */
  readonly retry?: object
  /** Attempts of the target at once, 16 by default. */
  readonly concurrency?: number
  /** Runs in the place of OneTrigger's own program. */
  readonly program?: string
  /** Further variables of the child. */
  readonly env?: Readonly<Record<string, string>>
}

/** The provider to watch, or the zone to ask for one. */
export type Place = { readonly token: string } & ({ readonly url: string } | { readonly zone: string })

export const trigger = 'default'
export const target = 'hook'

/** OneTrigger with one configuration, to be started again and again. */
export class Victim {
  readonly #options: VictimOptions
  readonly #config: string
  readonly #living = new Set<OneTriggerProcess>()

  constructor(options: VictimOptions) {
    this.#options = options
    this.#config = join(options.folder, 'onetrigger.yaml')
    writeFileSync(this.#config, JSON.stringify(configOf(options)))
    // A harness that fails leaves none of them behind.
    process.once('exit', () => {
      for (const { child } of this.#living) child.kill('SIGKILL')
    })
  }

  /** `onetrigger run`; with an aim it dies there. */
  start({ aim = null, logLevel = 'warn', env = {} }: Start = {}): OneTriggerProcess {
    const { provider, store, program = main, folder } = this.#options
    const life = spawnProgram(program, ['run', '--config', this.#config, '--log-level', logLevel], {
      TOKEN: provider.token,
      // Most of a start is compiling; it is not what is tried here.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      ...store.env,
      ...this.#options.env,
      ...(aim === null ? {} : { NODE_OPTIONS: `--import=${preload}`, [aimVariable]: JSON.stringify(aim) }),
      ...env,
    })
    this.#living.add(life)
    void life.ended.finally(() => this.#living.delete(life))
    return life
  }
}

export interface Start {
  readonly aim?: Aim | null
  readonly logLevel?: 'info' | 'warn'
  /** Further variables of this life. */
  readonly env?: Readonly<Record<string, string>>
}

function configOf({ provider, hookUrl, store, source, completion, retry, concurrency = 16 }: VictimOptions): object {
  const limits = { concurrency: 4, perSecond: 100 }
  return {
    sources: {
      onedata: {
        type: 'onedata',
        ...('zone' in provider ? { zone: provider.zone } : { host: provider.url }),
        token: { env: 'TOKEN' },
        reconcileInterval: '30s',
        limits,
        ...source,
      },
    },
    triggers: {
      [trigger]: {
        watch: { source: 'onedata', space: 'Gamma', folder: 'in' },
        completion: { stableFor: '1s', ...completion },
        deliver: [target],
      },
    },
    targets: {
      [target]: {
        type: 'webhook',
        url: hookUrl,
        format: 'cloudevents',
        concurrency,
        ...(retry === undefined ? {} : { retry }),
      },
    },
    store: store.config,
  }
}
