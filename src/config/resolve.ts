import { z } from 'zod'
import type { Trigger } from '../core/trigger.ts'
import { readOnce } from '../lib/fields.ts'
import type { AdapterConfig, Config, TargetConfig } from './config.ts'
import { everyTargetSchema, type ParsedConfig } from './schema.ts'

/** What the configuration itself does not say. */
export interface Defaults {
  /** Path of the database where none is named. */
  readonly storePath: string
  readonly logFormat: 'json' | 'pretty'
}

/** The configuration as the rest of the program sees it, frozen. `raw` is the input that `parsed` was made of. */
export function resolveConfig(parsed: ParsedConfig, raw: unknown, defaults: Defaults): Config {
  const adapters = rawAdapters.parse(raw, readOnce)
  const triggers = Object.entries(parsed.triggers)
  const renamed = triggers.flatMap(([name, { renamedFrom }]) =>
    renamedFrom === undefined ? [] : [[name, renamedFrom] as const],
  )
  const notices = parsed.notices ?? { deliver: [], events: [] }
  const toldOfStalled = notices.events.includes('file.stalled') ? notices.deliver : []
  return deepFreeze<Config>({
    sources: new Map(Object.entries(adapters.sources).map(([name, source]) => [name, adapter(source, ['type'])])),
    triggers: triggers.map(([name, trigger]) => resolveTrigger(name, trigger, toldOfStalled)),
    targets: new Map(Object.entries(adapters.targets).map(([name, target]) => [name, resolveTarget(target)])),
    notices,
    egress: parsed.egress ?? { deny: [] },
    renamedFrom: new Map(renamed),
    store: parsed.store ?? { type: 'sqlite', path: defaults.storePath },
    listen: parsed.http?.listen ?? null,
    log: { level: parsed.log.level, format: parsed.log.format ?? defaults.logFormat },
    exitAfterFailures: parsed.exitAfterFailures ?? null,
  })
}

/** Adapters get their options as they were written: `build` parses them again by its own schema. */
const rawAdapters = z.object({
  sources: z.record(z.string(), z.record(z.string(), z.unknown())),
  targets: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
})

function adapter(raw: Readonly<Record<string, unknown>>, commonKeys: readonly string[]): AdapterConfig {
  const options = Object.fromEntries(Object.entries(raw).filter(([key]) => !commonKeys.includes(key)))
  return { type: String(raw.type), options }
}

function resolveTrigger(
  name: string,
  trigger: ParsedConfig['triggers'][string],
  toldOfStalled: readonly string[],
): Trigger {
  const { watch, completion } = trigger
  return {
    name,
    source: watch.source,
    space: watch.space,
    folder: watch.folder,
    include: watch.include,
    exclude: watch.exclude,
    completion: {
      stableForMs: completion.stableFor,
      stalledAfterMs: completion.stalledAfter,
      marker: completion.marker ?? null,
      xattr: completion.xattr ?? null,
      declaredSize: completion.declaredSize ?? null,
      checksum: completion.checksum ?? null,
      ignore: completion.ignore,
      holes: completion.holes,
      vetoForMs: completion.vetoFor,
      cdmi: completion.cdmi,
      emptyFiles: completion.emptyFiles,
    },
    revisions: trigger.revisions,
    existing: trigger.existing,
    deliver: trigger.deliver,
    deliverStalled: [...new Set([...trigger.deliverStalled, ...toldOfStalled])],
  }
}

function resolveTarget(raw: Readonly<Record<string, unknown>>): TargetConfig {
  const { concurrency, timeout, retry, rate, disableAfter } = everyTargetSchema.parse(raw, readOnce)
  return {
    ...adapter(raw, ['type', ...Object.keys(everyTargetSchema.shape)]),
    concurrency,
    timeoutMs: timeout,
    retry: {
      delaysMs: retry.delays,
      maxAgeMs: retry.maxAge,
      jitter: retry.jitter,
      retryAfterCapMs: retry.retryAfterCap,
    },
    perSecond: rate ?? null,
    disableAfterMs: disableAfter ?? null,
  }
}

/** Maps cannot be frozen, their values can; the types keep the maps themselves readonly. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const child of value instanceof Map ? value.values() : Object.values(value)) deepFreeze(child)
  return Object.freeze(value)
}
