import type { AdapterConfig, Config, StoreConfig } from '../config/config.ts'
import { environmentProxy, environmentVariable } from '../config/env.ts'
import { createSecrets } from '../config/secrets.ts'
import { ConfigError, StoreError } from '../core/errors.ts'
import type { Source, Space } from '../core/source.ts'
import type { Target } from '../core/target.ts'
import type { Trigger } from '../core/trigger.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import { createEgress } from '../lib/egress.ts'
import type { Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import { type SourceMeter, silentSourceMeter } from '../sources/define.ts'
import * as sources from '../sources/registry.ts'
import * as targets from '../targets/registry.ts'
import { openStoreBeside } from './open-store.ts'

/** What looking at providers and targets once takes. */
export interface ConnectDeps {
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
  /** Ends all looking. */
  readonly signal: AbortSignal
}

/** What came of one look. */
export interface Finding {
  /** `source datahub`, `trigger video`, `target hook` */
  readonly part: string
  readonly ok: boolean
  /** A sentence; never a secret. */
  readonly detail: string
}

/** The spaces that each source's token sees. Rejects with the first source's `SourceError`. */
export async function spacesOf(
  config: Config,
  deps: ConnectDeps,
): Promise<readonly { readonly source: string; readonly spaces: readonly Space[] }[]> {
  return Promise.all(
    [...config.sources].map(([name, adapter]) =>
      using(buildSource(name, adapter, deps), async (source) => ({
        source: name,
        spaces: await source.listSpaces(deps.signal),
      })),
    ),
  )
}

/** Looks at every source, every trigger's space, every target and a store that is a server, all at once. No event is sent; never rejects for what cannot be reached. */
export async function connectAll(config: Config, deps: ConnectDeps): Promise<readonly Finding[]> {
  const ofSources = [...config.sources].map(([name, adapter]) => connectSource(name, adapter, config, deps))
  const ofTargets = [...config.targets.keys()].map((name) => connectTarget(name, config, deps))
  return (await Promise.all([...ofSources, ...ofTargets, connectStore(config.store, deps)])).flat()
}

/** A file is not tried: it may belong to a process that runs. */
async function connectStore(store: StoreConfig, deps: ConnectDeps): Promise<readonly Finding[]> {
  if (store.type === 'sqlite' || store.type === 'memory') return []
  const ask = async () => {
    try {
      return await using(await openStoreBeside(store, deps), async () => 'answers')
    } catch (error) {
      // A table is made by nobody who starts: that it is not there is a problem.
      const isMadeLater = store.type === 'postgres'
      if (isMadeLater && error instanceof StoreError && error.code === 'STORE_NOT_FOUND')
        return 'answers; the first start makes it'
      throw error
    }
  }
  return [await look('store', ask)]
}

async function connectSource(
  name: string,
  adapter: AdapterConfig,
  config: Config,
  deps: ConnectDeps,
): Promise<readonly Finding[]> {
  const part = `source ${name}`
  return using(buildSource(name, adapter, deps), async (source) => {
    const looked = await look(part, async () => `sees ${count(await source.listSpaces(deps.signal), 'space')}`)
    if (!looked.ok) return [looked]
    const triggers = config.triggers.filter((trigger) => trigger.source === name)
    const ofTriggers = triggers.map((trigger) =>
      look(`trigger ${trigger.name}`, () => watchBriefly(trigger, adapter, deps)),
    )
    return [looked, ...(await Promise.all(ofTriggers))]
  })
}

/** How often the beginning of a watch is looked at. */
const glanceMs = 20

/**
 * Says how a trigger's space would be watched: by beginning to, and leaving off as soon as it is clear. What is seen meanwhile goes nowhere. With a
 * source of its own, whose meter tells of this watch alone. Rejects with a sentence.
 */
async function watchBriefly(trigger: Trigger, adapter: AdapterConfig, deps: ConnectDeps): Promise<string> {
  let via: string | null = null
  const streamOpen: SourceMeter['streamOpen'] = (way, open) => {
    if (open) via ??= way
  }
  return using(buildSource(trigger.source, adapter, deps, { ...silentSourceMeter, streamOpen }), async (source) => {
    const watch = await source.openSpace(trigger.space, deps.signal)
    const began = watch.health()
    const stop = new AbortController()
    const needs = { folders: [trigger.folder], xattrs: [], holes: false }
    const sink = { push: async () => {}, known: async () => new Map() }
    const running = watch.run({ cursor: null, needs, sink }, AbortSignal.any([stop.signal, deps.signal]))
    try {
      let health = began
      while (via === null && !health.ok && health.detail === began.detail) {
        await sleep(deps.clock, glanceMs, deps.signal)
        health = watch.health()
      }
      if (via === null && !health.ok) throw new Error(health.detail)
      return `space "${watch.space.name}" (${watch.space.id}): ${via === null ? health.detail : `watched by ${via}`}`
    } finally {
      stop.abort()
      await running
    }
  })
}

async function connectTarget(name: string, config: Config, deps: ConnectDeps): Promise<readonly Finding[]> {
  const target = buildTarget(name, config, deps)
  return using(target, async () => {
    const { probe } = target
    if (probe === undefined) return [{ part: `target ${name}`, ok: true, detail: 'cannot be tried without an event' }]
    return [await look(`target ${name}`, () => probe.call(target, deps.signal))]
  })
}

async function look(part: string, ask: () => Promise<string>): Promise<Finding> {
  try {
    return { part, ok: true, detail: await ask() }
  } catch (error) {
    return { part, ok: false, detail: error instanceof Error ? error.message : 'it failed' }
  }
}

async function using<Thing extends { close(): Promise<void> }, T>(thing: Thing, use: (thing: Thing) => Promise<T>) {
  try {
    return await use(thing)
  } finally {
    await thing.close()
  }
}

function buildSource(
  name: string,
  { type, options }: AdapterConfig,
  deps: ConnectDeps,
  meter: SourceMeter = silentSourceMeter,
): Source {
  const definition = Object.values(sources).find((each) => each.type === type)
  if (definition === undefined) throw new ConfigError('CONFIG_INVALID', `Source "${name}": there is no type "${type}".`)
  const { log, clock, random } = deps
  return definition.build(options, {
    name,
    log,
    clock,
    random,
    meter,
    secret: createSecrets(),
    proxyFor: environmentProxy,
  })
}

/** Builds one target of a configuration. Throws `ConfigError`. */
export function buildTarget(name: string, config: Config, { log, clock }: ConnectDeps): Target {
  const target = config.targets.get(name)
  const definition = Object.values(targets).find((each) => each.type === target?.type)
  if (target === undefined || definition === undefined) {
    throw new ConfigError('CONFIG_INVALID', `Target "${name}": there is no type "${target?.type}".`)
  }
  const { options, timeoutMs, concurrency } = target
  const egress = createEgress(config.egress)
  return definition.build(options, {
    name,
    log,
    clock,
    timeoutMs,
    concurrency,
    secret: createSecrets(),
    egress,
    proxyFor: environmentProxy,
    variable: environmentVariable,
  })
}

function count(things: readonly unknown[], noun: string): string {
  return `${things.length} ${noun}${things.length === 1 ? '' : 's'}`
}
