import { readFileSync } from 'node:fs'
import { ConfigError, SourceError } from '../../core/errors.ts'
import type { Space } from '../../core/source.ts'
import { sleep } from '../../lib/clock.ts'
import type { SourceDeps } from '../define.ts'
import { createClient } from './client.ts'
import { identityMs, recall } from './memory.ts'
import { type OnedataOptions, originOf } from './options.ts'
import type { Connection, Provider } from './provider.ts'
import { createRestProvider } from './provider-rest.ts'
import { sockets } from './sockets.ts'
import { findSpace, type KnownSpace } from './spaces.ts'
import { inferScope, rank, type TokenScope } from './zone.ts'

/** Spaces that the token sees, asked of the provider or of the zone. Rejects with `SourceError`. */
export async function listSpaces(
  options: OnedataOptions,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<readonly Space[]> {
  if (options.zone === undefined) return withHost(options, deps, signal, (provider) => provider.listSpaces(signal))
  const { spaces } = await askZone(options, deps, signal)
  return spaces.map(({ id, name }) => ({ id, name }))
}

/** Finds a space by name, id or `Name@id`. Rejects with `SourceError`, `SOURCE_SPACE_UNKNOWN` where there is none or more than one. */
export async function resolveSpace(
  options: OnedataOptions,
  deps: SourceDeps,
  wanted: string,
  signal: AbortSignal,
): Promise<KnownSpace> {
  return recall(deps, [deps.name, 'space', wanted], identityMs, () => askForSpace(options, deps, wanted, signal))
}

async function askForSpace(
  options: OnedataOptions,
  deps: SourceDeps,
  wanted: string,
  signal: AbortSignal,
): Promise<KnownSpace> {
  if (options.zone === undefined) {
    return withHost(options, deps, signal, (provider) => provider.resolveSpace(wanted, signal))
  }
  const { spaces } = await askZone(options, deps, signal)
  return findSpace(spaces, wanted, deps.name)
}

/**
 * Origins of the providers where the space can be watched, best first: the configured host, or what the zone says at this moment.
 * Rejects with `SourceError`, `SOURCE_SPACE_UNKNOWN` where no provider supports the space.
 */
export async function rankProviders(
  options: OnedataOptions,
  deps: SourceDeps,
  space: Space,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (options.zone === undefined) return [hostOf(options)]
  const ranked = rank(await askZone(options, deps, signal), space.id)
  if (ranked.length === 0) {
    throw new SourceError(
      'SOURCE_SPACE_UNKNOWN',
      `source "${deps.name}": no provider supports space "${space.name}"; ask the owner of the space for storage`,
    )
  }
  // A zone without TLS is a simulator, and so are its providers.
  const protocol = new URL(hostOf(options)).protocol
  return ranked.map(({ domain }) => `${protocol}//${domain}`)
}

/** Connects to the provider at an origin that `rankProviders` gave. Rejects with `SourceError` where it does not answer as one. */
export async function openProvider(
  origin: string,
  options: OnedataOptions,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<Provider> {
  return createRestProvider(createConnection(origin, options, deps), options, deps, signal)
}

/** How long before the end of a token a word is said, and how often the zone is asked meanwhile. */
const warnAheadMs = 24 * 3_600_000
const askEveryMs = 6 * 3_600_000

/**
 * Warns in the log from a day before the token ends, at the start and every six hours. Zones alone tell, so without `zone` it resolves at
 * once; else it runs until the signal aborts, and resolves. A zone that does not answer is asked again at the next turn.
 */
export async function watchTokenEnd(options: OnedataOptions, deps: SourceDeps, signal: AbortSignal): Promise<void> {
  if (options.zone === undefined) return
  while (!signal.aborted) {
    try {
      warnOfTokenEnd((await askZone(options, deps, signal)).validUntilMs, deps)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof SourceError)) throw error
      deps.log.debug({ source: deps.name, code: error.code }, 'the zone did not tell when the token ends')
    }
    await sleep(deps.clock, askEveryMs, signal).catch(() => undefined)
  }
}

function warnOfTokenEnd(validUntilMs: number | null, deps: SourceDeps): void {
  if (validUntilMs === null || validUntilMs - deps.clock.wall() > warnAheadMs) return
  const validUntil = new Date(validUntilMs).toISOString()
  deps.log.warn({ source: deps.name, validUntil }, 'the access token ends within a day; put a new one in its place')
}

async function withHost<T>(
  options: OnedataOptions,
  deps: SourceDeps,
  signal: AbortSignal,
  use: (provider: Awaited<ReturnType<typeof createRestProvider>>) => Promise<T>,
): Promise<T> {
  const provider = await createRestProvider(createConnection(hostOf(options), options, deps), options, deps, signal)
  try {
    return await use(provider)
  } finally {
    await provider.close()
  }
}

function askZone(options: OnedataOptions, deps: SourceDeps, signal: AbortSignal): Promise<TokenScope> {
  return recall(deps, [deps.name, 'zone'], identityMs, () => askZoneAnew(options, deps, signal))
}

async function askZoneAnew(options: OnedataOptions, deps: SourceDeps, signal: AbortSignal): Promise<TokenScope> {
  const connection = createConnection(hostOf(options), options, deps)
  const client = createClient(
    { connection, root: '/api/v3/onezone', limits: options.limits, requestTimeoutMs: options.requestTimeout },
    deps,
  )
  try {
    return await inferScope({ client, deps }, signal)
  } finally {
    client.close()
  }
}

/** The configured address as an origin; the schema has made sure that there is one. */
function hostOf(options: OnedataOptions): string {
  return originOf(options.zone ?? options.host ?? '') ?? ''
}

/** How to reach an origin with the configured token. Throws `ConfigError`. */
export function createConnection(origin: string, options: OnedataOptions, deps: SourceDeps): Connection {
  const secret = deps.secret(options.token)
  return {
    origin,
    network: deps.network ?? sockets,
    ca: options.ca === undefined ? null : readCa(options.ca, deps.name),
    insecure: options.insecure,
    proxy: options.proxy ?? proxyOfEnvironment(origin, deps),
    token: () => secret.get().reveal(),
    refreshToken: () => secret.refresh().reveal(),
  }
}

function proxyOfEnvironment(origin: string, { name, proxyFor }: SourceDeps): string | null {
  const url = URL.parse(origin)
  const proxy = url === null ? null : (proxyFor?.(url) ?? null)
  if (proxy === null || isHttpProxy(proxy)) return proxy
  // What it says may hold a password.
  throw new ConfigError(
    'CONFIG_INVALID',
    `source "${name}": the proxy of the environment (HTTPS_PROXY, HTTP_PROXY) is not the URL of an HTTP proxy; NO_PROXY exempts hosts, \`proxy\` names another`,
  )
}

function isHttpProxy(text: string): boolean {
  try {
    const { protocol, username, password } = new URL(text)
    for (const part of [username, password]) decodeURIComponent(part)
    return protocol === 'http:' || protocol === 'https:'
  } catch {
    return false
  }
}

function readCa(path: string, source: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError('CONFIG_NOT_FOUND', `source "${source}": the file of \`ca\`, ${path}, cannot be read`, {
      cause,
    })
  }
}
