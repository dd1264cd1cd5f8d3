import type { z } from 'zod'
import type { FileEvent } from '../core/event.ts'
import type { ContentPart, FileVersion } from '../core/source.ts'
import type { Target } from '../core/target.ts'
import type { Clock } from '../lib/clock.ts'
import type { Egress } from '../lib/egress.ts'
import { readOnce, type SecretRef } from '../lib/fields.ts'
import type { Log } from '../lib/log.ts'
import type { SecretSource } from '../lib/secret.ts'
import type { RequestTaker } from './http/line.ts'

/** What every target is given besides its own options. */
export interface TargetDeps {
  /** Name of the target in the configuration. */
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  /** An attempt that takes longer is to be given up (outcome `retry`). */
  readonly timeoutMs: number
  /** Most attempts that are under way at once; sizes connection pools. */
  readonly concurrency: number
  readonly secret: (ref: SecretRef) => SecretSource
  /** Decides which hosts may be connected to. */
  readonly egress: Egress
  /** Makes HTTP requests while they are many; absent: they are always made in this thread. */
  readonly thread?: RequestTaker | undefined
  /** Reads a part of the file that an event is about; absent: nobody can. Rejects with `SourceError`. */
  readonly readContent?: (
    event: FileEvent,
    range: { readonly start: number; readonly length: number },
    signal: AbortSignal,
  ) => Promise<ContentPart>
  /** What the file of an event is at this moment; null when it is gone; absent: nobody can tell. Rejects with `SourceError`. */
  readonly fileVersion?: (event: FileEvent, signal: AbortSignal) => Promise<FileVersion | null>
  /** A variable of this process, for commands that are to have it; absent: there are none. */
  readonly variable?: (name: string) => string | undefined
  /** The proxy that the environment names for a URL; absent: there is none. */
  readonly proxyFor?: (url: URL) => string | null
}

/** One kind of target: a plain value, so that the registry is a list of one type. */
export interface TargetDefinition {
  readonly type: string
  /** Options beside `type`, `concurrency`, `timeout` and `retry`, which every target has. */
  readonly schema: z.ZodObject
  build(options: unknown, deps: TargetDeps): Target
}

/**
 * Declares a kind of target.
 * @example export const webhook = defineTarget({ type: 'webhook', options: z.strictObject({ url: z.url() }), create: (options, deps) => … })
 */
export function defineTarget<Options extends z.ZodObject>(declaration: {
  readonly type: string
  readonly options: Options
  readonly create: (options: z.output<Options>, deps: TargetDeps) => Target
}): TargetDefinition {
  return {
    type: declaration.type,
    schema: declaration.options,
    build: (options, deps) => declaration.create(declaration.options.parse(options, readOnce), deps),
  }
}
