import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ConfigError } from '../../core/errors.ts'
import { type SecretRef, secretRef } from '../../lib/fields.ts'
import { throughProxy } from '../../lib/proxy.ts'
import type { SecretSource } from '../../lib/secret.ts'
import { Line, type LineDeps } from './line.ts'

type PemSource = () => string

/** What connections are made for: origin, proxy, certificates and key. */
type Identity = readonly (string | null | undefined)[]

const certificate = z.union([z.string().min(1), secretRef])

/** Options of everything that is reached by HTTP, to be spread into a target's own. */
export const connectionOptions = {
  ca: certificate
    .optional()
    .describe('Certificates (PEM) to trust instead of the public authorities: a path, or where they stand'),
  clientCertificate: certificate.optional().describe('Our own certificate (PEM) for mutual TLS'),
  clientKey: secretRef.optional().describe('Private key (PEM) of `clientCertificate`'),
  proxy: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('HTTP proxy to go through; by default HTTPS_PROXY, HTTP_PROXY and NO_PROXY decide'),
}

export interface ConnectionOptions {
  readonly ca?: string | SecretRef | undefined
  readonly clientCertificate?: string | SecretRef | undefined
  readonly clientKey?: SecretRef | undefined
  readonly proxy?: string | undefined
}

/** Of what a target is given, what its connections need. */
export interface ConnectionDeps extends LineDeps {
  readonly name: string
  readonly timeoutMs: number
  readonly concurrency: number
  readonly secret: (ref: SecretRef) => SecretSource
  readonly proxyFor?: (url: URL) => string | null
}

/** Connections to one origin, made anew when the origin or a certificate changes. Unnamed certificates are the system's. What goes over them is bounded. */
export class Connections {
  readonly #deps: ConnectionDeps
  readonly #proxy: string | null
  readonly #ca: PemSource | null
  readonly #certificate: PemSource | null
  readonly #key: PemSource | null
  #open: { readonly identity: Identity; readonly proxy: string | null; readonly line: Line } | null = null

  constructor({ proxy, ca, clientCertificate, clientKey }: ConnectionOptions, deps: ConnectionDeps) {
    this.#deps = deps
    this.#proxy = proxy ?? null
    this.#ca = pemSource('ca', ca, deps)
    this.#certificate = pemSource('clientCertificate', clientCertificate, deps)
    this.#key = pemSource('clientKey', clientKey, deps)
  }

  /** Throws `EgressError` for a proxy that must not be reached, `ConfigError` for a certificate that is missing. */
  to(url: URL): Line {
    const proxy = this.#proxy ?? this.#deps.proxyFor?.(url) ?? null
    const [ca, cert, key] = [this.#ca?.(), this.#certificate?.(), this.#key?.()]
    const identity: Identity = [url.origin, proxy, ca, cert, key]
    const open = this.#open
    if (open !== null && identity.every((part, index) => part === open.identity[index])) return open.line
    const tls = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    }
    // Where that throws, the old ones are as good as before.
    if (proxy !== null) this.#checkProxy(proxy, url)
    const { concurrency: connections, timeoutMs } = this.#deps
    const plan = { origin: url.origin, proxy, tls, connections, connectTimeoutMs: Math.min(timeoutMs, 10_000) }
    const line = new Line(plan, this.#deps)
    this.#open = { identity, proxy, line }
    void open?.line.close()
    return line
  }

  /** Who stands between, for a message that one of them failed (`throughProxy`). */
  get way(): string {
    return throughProxy(this.#open?.proxy ?? null)
  }

  async close(): Promise<void> {
    await this.#open?.line.breakOff()
    this.#open = null
  }

  /** The proxy looks up the receiver's name, so that only names and literal addresses can be judged here. */
  #checkProxy(proxy: string, url: URL): void {
    this.#deps.egress.checkUnresolved(url.hostname)
    this.#deps.egress.checkProxy(new URL(proxy).hostname)
  }
}

function pemSource(option: string, given: ConnectionOptions['ca'], deps: ConnectionDeps): PemSource | null {
  if (given === undefined) return null
  if (typeof given !== 'string') {
    const secret = deps.secret(given)
    return () => secret.get().reveal()
  }
  const text = readPem(option, given, deps.name)
  return () => text
}

function readPem(option: string, path: string, target: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const message = `target "${target}": the file of \`${option}\`, ${path}, cannot be read`
    throw new ConfigError('CONFIG_NOT_FOUND', message, { cause })
  }
}
