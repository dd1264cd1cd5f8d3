import type { z } from 'zod'
import type { Source } from '../core/source.ts'
import type { Clock } from '../lib/clock.ts'
import { readOnce, type SecretRef } from '../lib/fields.ts'
import type { Log } from '../lib/log.ts'
import type { Network } from '../lib/network.ts'
import type { Random } from '../lib/random.ts'
import type { SecretSource } from '../lib/secret.ts'

/** Counts what a source does; a shell maps it to metrics. */
export interface SourceMeter {
  /** One request to the provider; `route` is a template such as `GET /data/{id}/files`, never a path. */
  call(route: string, status: number | 'error'): void
  /** A request begins (1) or has ended (-1): for those who want to know whether something is under way. */
  underWay?(more: 1 | -1): void
  /** A stream was opened again. */
  reconnect(via: 'events' | 'changes'): void
  /** A space is watched in this way from now on, or not any more; each told once. */
  streamOpen(via: 'events' | 'changes' | 'poll', open: boolean): void
  /** A gap was suspected and a scan follows. */
  gap(reason: string): void
}

/** Nobody counts. */
export const silentSourceMeter: SourceMeter = {
  call: () => {},
  reconnect: () => {},
  streamOpen: () => {},
  gap: () => {},
}

/** What every source is given besides its own options. */
export interface SourceDeps {
  /** Name of the source in the configuration. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  /** What leads to servers; sockets where nothing is given. */
  readonly network?: Network
  readonly log: Log
  readonly meter: SourceMeter
  readonly secret: (ref: SecretRef) => SecretSource
  /** The proxy of the environment, for a source that names none; null = none. */
  readonly proxyFor?: (url: URL) => string | null
  /** The same object in each of several short runs of one process: what a source learns in one run it may remember, under it, in the next. */
  readonly warm?: object
}

/** One kind of source: a plain value, so that the registry is a list of one type. */
export interface SourceDefinition {
  readonly type: string
  readonly schema: z.ZodObject
  build(options: unknown, deps: SourceDeps): Source
}

/**
 * Declares a kind of source.
 * @example export const onedata = defineSource({ type: 'onedata', options: z.strictObject({ host: z.string() }), create: (options, deps) => … })
 */
export function defineSource<Options extends z.ZodObject>(declaration: {
  readonly type: string
  readonly options: Options
  readonly create: (options: z.output<Options>, deps: SourceDeps) => Source
}): SourceDefinition {
  return {
    type: declaration.type,
    schema: declaration.options,
    build: (options, deps) => declaration.create(declaration.options.parse(options, readOnce), deps),
  }
}
