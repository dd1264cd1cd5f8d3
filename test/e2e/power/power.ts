import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { OneTriggerProcess } from '../../support/onetrigger.ts'
import { isGood, type Verdict } from '../crash/oracle.ts'
import type { StoreUnderTest } from '../crash/stores.ts'
import { CrashWorld } from '../crash/world.ts'
import { pullPlug } from './plug.ts'
import { type Unsynced, unsyncedVariable } from './unsynced.ts'

export interface PowerOptions {
  readonly cuts: number
  readonly files: number
  readonly seed: number
  /** What does not happen although OneTrigger asks for it. */
  readonly unsynced: Unsynced
  readonly onCut?: (cut: number, taken: string) => void
}

export interface PowerReport extends Verdict {
  readonly good: boolean
  readonly cuts: number
  readonly seed: number
  readonly unsynced: Unsynced
  /** Sectors of 512 bytes that the cuts took back, and files that they took whole. */
  readonly sectors: number
  readonly files: number
  /** Why OneTrigger did not start any more; null = it did. */
  readonly damage: string | null
}

const weaker = pathToFileURL(join(import.meta.dirname, 'weaker-sync.ts')).href
/** Longest life where the chosen write does not come. */
const longestMs = 4_000
/** Writes and syncs of a life are drawn from 1 to this, small numbers more often. */
const mostWrites = 2_000
const pauseMs = 50
/** Nothing comes any more after so long: soon where losses are what is looked for, late where a busy machine must not look like one. */
const hopelessMs = { nothing: 30_000, log: 6_000, all: 6_000 } as const

/** Cuts the power again and again while people work; the disk then loses what it was not asked to keep. */
export async function runPower(options: PowerOptions): Promise<PowerReport> {
  const world = await CrashWorld.create({
    seed: options.seed,
    store: 'sqlite',
    hopelessMs: hopelessMs[options.unsynced],
  })
  try {
    return await new Power(options, world).run()
  } finally {
    await world.close()
  }
}

class Power {
  readonly #options: PowerOptions
  readonly #world: CrashWorld
  readonly #diary: string
  readonly #env: Readonly<Record<string, string>>
  #sectors = 0
  #files = 0
  #damage: string | null = null

  constructor(options: PowerOptions, world: CrashWorld) {
    const { folder } = world
    this.#options = options
    this.#world = world
    this.#diary = join(folder, 'diary')
    this.#env = {
      LD_PRELOAD: compileShim(folder),
      POWER_PATH: join(folder, 'onetrigger.db'),
      POWER_DIARY: this.#diary,
      NODE_OPTIONS: `--import=${weaker}`,
      [unsyncedVariable]: options.unsynced,
    }
  }

  async run(): Promise<PowerReport> {
    const { cuts, files } = this.#options
    const { workload, clock, random } = this.#world
    let process = await this.#world.watched(this.#env)
    for (let cut = 1; cut <= cuts && this.#damage === null; cut++) {
      for (let due = Math.ceil((files * cut) / cuts) - workload.begun; due > 0; due--) workload.begin()
      const until = clock.now() + (cut === 1 ? longestMs * random() : longestMs)
      await Promise.race([process.ended, this.#world.wait(until - clock.now())])
      await this.#cut(cut, process)
      const writes = Math.ceil(mostWrites ** random())
      if (this.#damage === null) process = this.#start({ ...this.#env, POWER_CUT_AFTER: String(writes) })
    }
    await process.kill('SIGKILL')
    return this.#report(await this.#end())
  }

  #start(env: Readonly<Record<string, string>>): OneTriggerProcess {
    rmSync(this.#diary, { force: true })
    return this.#world.victim.start({ env })
  }

  async #cut(cut: number, process: OneTriggerProcess): Promise<void> {
    const how = await process.kill('SIGKILL')
    if (how !== 'SIGKILL') {
      this.#damage = process.stderr.at(-1) ?? String(how)
      return
    }
    const { random, oracle, store } = this.#world
    const unsent = new Set(await notHandedOut(store))
    const diary = existsSync(this.#diary) ? readFileSync(this.#diary) : Buffer.alloc(0)
    const taken = pullPlug(diary, random() < 0.4 ? 'all' : 'any', random)
    this.#sectors += taken.sectors
    this.#files += taken.files
    this.#options.onCut?.(cut, `${taken.sectors} sectors and ${taken.files} files`)
    // The cut may have taken back that a delivery was handed out, and that it was settled: then it was in flight all the same.
    const sent = (await told(store.owed())).filter((id) => !unsent.has(id))
    oracle.noteInFlight([...new Set([...sent, ...(await told(store.inFlight()))])])
  }

  /** A last life with power, as long as there is something to wait for. */
  async #end(): Promise<Verdict> {
    const { workload } = this.#world
    await this.#world.wait(pauseMs)
    const last = this.#damage === null ? this.#world.victim.start() : null
    if (last !== null) await this.#world.told()
    await workload.end()
    const verdict = last === null ? this.#world.oracle.verdict() : await this.#world.told()
    const how = await last?.kill('SIGTERM')
    if (last !== null && how !== 0) this.#damage = last.stderr.at(-1) ?? String(how)
    return verdict
  }

  #report(verdict: Verdict): PowerReport {
    const { cuts, seed, unsynced } = this.#options
    const damage = this.#damage
    const about = { cuts, seed, unsynced, sectors: this.#sectors, files: this.#files, damage }
    return { ...verdict, ...about, good: isGood(verdict) && damage === null }
  }
}

async function notHandedOut(store: StoreUnderTest): Promise<readonly string[]> {
  const inFlight = new Set(await told(store.inFlight()))
  return (await told(store.owed())).filter((id) => !inFlight.has(id))
}

/** A damaged database tells nothing; the next start says so. */
function told(ids: Promise<readonly string[]>): Promise<readonly string[]> {
  return ids.catch(() => [])
}

function compileShim(folder: string): string {
  const [source, made] = [join(import.meta.dirname, 'volatile.c'), join(folder, 'volatile.so')]
  try {
    execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-o', made, source, '-ldl', '-lpthread'], { stdio: 'inherit' })
  } catch (cause) {
    throw new Error(
      'this needs gcc with the headers of the C library, and Linux; on Debian: apt-get install build-essential',
      { cause },
    )
  }
  return made
}
