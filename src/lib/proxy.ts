import { BlockList, isIP } from 'node:net'
import { addAddresses, canonicalHost } from './addresses.ts'

/** Names of variables as everyone knows them; the lower-case spelling is looked at first, as curl does. */
type ProxyVariables = Readonly<Record<string, string | undefined>>

/**
 * Which proxy the environment names for a URL (`HTTPS_PROXY`, `HTTP_PROXY`; without a scheme it is one of HTTP, as for curl); null = none, `NO_PROXY`
 * exempts the host, or it is this machine, which no proxy can reach (as Go's net/http has it). Entries of `NO_PROXY`: `*`, a host or an address, a domain
 * that stands for all below it, each with a port if need be (an IPv6 address in brackets then), or a range of addresses (`10.0.0.0/8`).
 */
export function proxyFromEnvironment(env: ProxyVariables): (url: URL) => string | null {
  const read = (name: string) => env[name.toLowerCase()] ?? env[name] ?? ''
  const exempt = read('NO_PROXY')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
  return (url) => {
    const proxy = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
    const host = canonicalHost(url.hostname)
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
    if (proxy === '' || isThisMachine(host) || exempt.some((entry) => isExempt(host, port, entry))) return null
    return proxy.includes('://') ? proxy : `http://${proxy}`
  }
}

/** For a message about a connection that failed, who stands between: ` through the proxy http://proxy:3128`, without name and password; null = nobody, ''. */
export function throughProxy(proxy: string | null): string {
  const url = proxy === null ? null : URL.parse(proxy)
  return url === null ? '' : ` through the proxy ${url.protocol}//${url.host}`
}

const loopback = addressesIn('127.0.0.0/8', '::1')

function isThisMachine(host: string): boolean {
  return host === 'localhost' || isAmong(host, loopback)
}

function isExempt(host: string, port: string, entry: string): boolean {
  if (entry === '*') return true
  if (isAmong(host, addressesIn(entry))) return true
  const [, name = '', given = port] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry) ?? []
  if (given !== port) return false
  return host === name || host.endsWith(`.${name}`) || isAmong(host, addressesIn(name.replace(/^\[(.*)\]$/, '$1')))
}

/** Empty where they are none. */
function addressesIn(...texts: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of texts) addAddresses(list, text)
  return list
}

function isAmong(host: string, addresses: BlockList): boolean {
  const version = isIP(host)
  return version !== 0 && addresses.check(host, version === 4 ? 'ipv4' : 'ipv6')
}
