import { BlockList, isIP, isIPv6 } from 'node:net'

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
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
    if (proxy === '' || isThisMachine(host) || exempt.some((entry) => isExempt(host, port, entry))) return null
    return proxy.includes('://') ? proxy : `http://${proxy}`
  }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isThisMachine(host: string): boolean {
  return host === 'localhost' || isIn(loopback, host)
}

function isExempt(host: string, port: string, entry: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isIn(rangeOf(entry), host)
  if (isIPv6(entry)) return isIn(rangeOf(`${entry}/128`), host)
  const [, name = '', given = port] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry) ?? []
  if (given !== port) return false
  const address = name.replace(/^\[(.*)\]$/, '$1')
  if (isIPv6(address)) return isIn(rangeOf(`${address}/128`), host)
  return host === name || host.endsWith(`.${name}`)
}

/** Empty where it is none. */
function rangeOf(text: string): BlockList {
  const range = new BlockList()
  const [, address = '', bits = ''] = /^(.*)\/(\d{1,3})$/.exec(text) ?? []
  const family = isIP(address)
  if (family !== 0 && Number(bits) <= (family === 4 ? 32 : 128)) {
    range.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  }
  return range
}

function isIn(range: BlockList, host: string): boolean {
  const family = isIP(host)
  return family !== 0 && range.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
