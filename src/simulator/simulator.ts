import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { Listener } from './listener.ts'

/** Generations of Oneprovider that the simulator can be; each behaves as its sources say. */
export const providerVersions = ['18.02', '20.02', '21.02.3', '21.02.8', '25.0'] as const
export type ProviderVersion = (typeof providerVersions)[number]

export interface SimulatorOptions {
  readonly version: ProviderVersion
  /** 0 = any free one. */
  readonly port: number
  /** Where it listens; loopback by default. */
  readonly host?: string
  /** HTTPS with a certificate of its own making. */
  readonly tls: boolean
  readonly spaceName: string
  /** The token that may do everything; made up where none is given. */
  readonly token?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Makes what each server of it takes requests from, instead of a real port. */
  readonly listener?: () => Listener
  /** Time from a change to its visibility: see section 15 of the wire reference. Real delays by default; tests make them short. */
  readonly delays?: Partial<SimulatorDelays>
}

/** All in milliseconds. */
export interface SimulatorDelays {
  /** Least time between two flushes of one file's size (10,000 on a real provider). */
  readonly sizeFlushMs: number
  /** Between flushes of times (8,000 from 21.02.6 on; 0 before). */
  readonly timesFlushMs: number
  /** Between looks at the change log while it is quiet (1,000). */
  readonly pollMs: number
  /** After which a stream without a byte is cut (300,000). */
  readonly idleCutMs: number
  /** For how long a verdict on a token is kept: a revocation shows that late (10,000). */
  readonly authCacheMs: number
  /** For how long the log tells of a deletion (86,400,000); then nothing is left of the file. */
  readonly tombstoneMs: number
}

/** A running simulator. `model` and `faults` are what tests and scenarios steer it with. */
export interface SimulatorAddress {
  /** `http://127.0.0.1:PORT` or `https://…` */
  readonly url: string
  /** `127.0.0.1:PORT` */
  readonly host: string
  readonly token: string
  readonly space: { readonly id: string; readonly name: string }
  readonly providerId: string
  /** PEM of its certificate, where it speaks TLS. */
  readonly caFile: string | null
}
