import type { LookupFunction } from 'node:net'
import { type Dispatcher, Pool, ProxyAgent } from 'undici'
import { guardedLookup } from '../../lib/egress.ts'

/** What connections to one origin are made of: plain values, so that another thread can make them too. */
export interface ConnectionPlan {
  readonly origin: string
  /** URL of the proxy; null = straight there. */
  readonly proxy: string | null
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** Most connections at once. */
  readonly connections: number
  readonly connectTimeoutMs: number
}

const wire = { pipelining: 1, allowH2: false } as const

/** Opens nothing yet. `lookup` decides which addresses a direct connection may go to; a proxy looks up the receiver's name itself. */
export function openDispatcher(plan: ConnectionPlan, lookup: LookupFunction): Dispatcher {
  const { origin, proxy, tls, connections, connectTimeoutMs } = plan
  if (proxy === null)
    return new Pool(origin, { ...wire, connections, connect: { timeout: connectTimeoutMs, lookup, ...tls } })
  return new ProxyAgent({ ...wire, uri: proxy, connections, requestTls: tls, proxyTls: { lookup: guardedLookup } })
}
