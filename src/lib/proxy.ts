/** Names of variables as everyone knows them; the lower-case spelling is looked at first, as curl does. */
type ProxyVariables = Readonly<Record<string, string | undefined>>

/**
 * Which proxy the environment names for a URL (`HTTPS_PROXY`, `HTTP_PROXY`; without a scheme it is one of HTTP, as for curl); null = none, `NO_PROXY`
 * exempts the host, or it is this machine, which no proxy can reach (as Go's net/http has it). Entries of `NO_PROXY`: `*`, a host, a domain that stands
 * for all below it, each with a port if need be.
 */
export function proxyFromEnvironment(env: ProxyVariables): (url: URL) => string | null {
  const read = (name: string) => env[name.toLowerCase()] ?? env[name] ?? ''
  const exempt = read('NO_PROXY')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
  return (url) => {
    const proxy = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
    if (proxy === '' || isThisMachine(url) || exempt.some((entry) => isExempt(url, entry))) return null
    return proxy.includes('://') ? proxy : `http://${proxy}`
  }
}

function isThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}

function isExempt(url: URL, entry: string): boolean {
  if (entry === '*') return true
  const [, name = '', port = ''] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
  const urlPort = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  if (port !== '' && port !== urlPort) return false
  return url.hostname === name || url.hostname.endsWith(`.${name}`)
}
