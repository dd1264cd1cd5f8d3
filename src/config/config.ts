import type { RetryPolicy } from '../core/delivery.ts'
import type { NoticeType } from '../core/event.ts'
import type { Trigger } from '../core/trigger.ts'
import type { SecretRef } from '../lib/fields.ts'

/** One source or target: its kind and the options that kind's own schema has checked (input form, as `build` takes it). */
export interface AdapterConfig {
  readonly type: string
  readonly options: Readonly<Record<string, unknown>>
}

export interface TargetConfig extends AdapterConfig {
  readonly concurrency: number
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  /** Most attempts that begin in a second; null = no limit. */
  readonly perSecond: number | null
  /** Taken out of service when nothing got through for so long; null = never. */
  readonly disableAfterMs: number | null
}

export type StoreConfig =
  | { readonly type: 'sqlite'; readonly path: string }
  | {
      readonly type: 'postgres'
      /** Names the secret that holds the URL. */
      readonly url: SecretRef
      readonly schema: string
      readonly connections: number
    }
  | { readonly type: 'dynamodb'; readonly table: string; readonly region?: string | undefined }
  | { readonly type: 'memory' }

/** The whole configuration, checked and frozen; every duration in milliseconds. */
export interface Config {
  readonly sources: ReadonlyMap<string, AdapterConfig>
  readonly triggers: readonly Trigger[]
  readonly targets: ReadonlyMap<string, TargetConfig>
  /** Who is told of OneTrigger's own events; stalled files are in the triggers already. */
  readonly notices: { readonly deliver: readonly string[]; readonly events: readonly NoticeType[] }
  /** What targets may connect to beside what is never reached; `allow` absent = everything else. */
  readonly egress: { readonly allow?: readonly string[] | undefined; readonly deny: readonly string[] }
  /** Old names of triggers: new name -> name before. */
  readonly renamedFrom: ReadonlyMap<string, string>
  readonly store: StoreConfig
  /** Where health and metrics are served; null = nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | null
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'pretty' }
  /** End with exit code 1 after this many failed attempts in a row to reach the provider, as 1.0.4 did; null = never. */
  readonly exitAfterFailures: number | null
}
