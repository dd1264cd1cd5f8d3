import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'
import { addAddresses, canonicalHost, withoutZone } from './addresses.ts'

/** Why a connection was not made; its message names the address. */
export class EgressError extends Error {
  readonly code = 'EGRESS_FORBIDDEN'
}

const forbidden4 = new BlockList()
forbidden4.addSubnet('0.0.0.0', 8)
/** Link-local, and with it the metadata service of nearly every cloud. */
forbidden4.addSubnet('169.254.0.0', 16)
/** Alibaba's metadata service, Azure's wire server, Oracle's metadata service. */
forbidden4.addAddress('100.100.100.200')
forbidden4.addAddress('168.63.129.16')
forbidden4.addAddress('192.0.0.192')
forbidden4.addSubnet('224.0.0.0', 4)
forbidden4.addAddress('255.255.255.255')

const forbidden6 = new BlockList()
forbidden6.addAddress('::', 'ipv6')
forbidden6.addSubnet('fe80::', 10, 'ipv6')
forbidden6.addSubnet('ff00::', 8, 'ipv6')
/** Amazon's metadata service and time service over IPv6, and Google's. */
forbidden6.addSubnet('fd00:ec2::', 32, 'ipv6')
forbidden6.addAddress('fd20:ce::254', 'ipv6')

const forbiddenNames: ReadonlySet<string> = new Set(['metadata.google.internal', 'metadata.goog', 'metadata'])

/**
 * Whether nothing may ever be sent to this address: cloud metadata, link-local, multicast, unspecified; also where an IPv4 address is wrapped in IPv6
 * (mapped, compatible, NAT64, 6to4). Private and loopback addresses are the operator's choice.
 */
export function isForbiddenAddress(address: string): boolean {
  if (!isIPv6(address)) return isIP(address) === 0 || forbidden4.check(address)
  const plain = withoutZone(address)
  if (forbidden6.check(plain, 'ipv6')) return true
  return embedded(expand(plain)).some((inner) => forbidden4.check(inner))
}

/** Looks a name up, giving all of its addresses; `dns.lookup` is one. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** What may be reached. Entries are addresses, CIDR ranges, host names or `*.example.org` (which is not `example.org` itself). */
export interface EgressRules {
  /** Where given, nothing else is reached. A listed name may have any address that is not forbidden. */
  readonly allow?: readonly string[] | undefined
  /** Never reached, even where `allow` has it. */
  readonly deny?: readonly string[]
}

export interface EgressOptions extends EgressRules {
  readonly resolve?: Resolve
}

/** Decides which hosts are connected to. Both parts are needed: a socket looks up names, but not literal addresses. */
export interface Egress {
  /** Refuses a forbidden name or literal address. Throws `EgressError`. */
  checkHost(hostname: string): void
  /** The same for a name that a proxy will look up: where `allow` is given, the name itself has to be listed. */
  checkUnresolved(hostname: string): void
  /** The same for a proxy, which what is allowed and denied is not about: only what is never reached is refused. */
  checkProxy(hostname: string): void
  /** For the socket: what this gives is what is connected to, so that no second look-up differs. One refused address refuses the name. */
  readonly lookup: LookupFunction
}

/** Builds a guard. Metadata and link-local addresses are refused whatever is configured. Throws `TypeError` for a range that is none. */
export function createEgress({ allow, deny = [], resolve = lookup }: EgressOptions = {}): Egress {
  const allowed = allow === undefined ? null : createRules(allow)
  const denied = createRules(deny)

  const refusal = (host: string, address: string): EgressError | null => {
    if (isForbiddenAddress(address)) {
      return new EgressError(`${host} is never contacted: ${address} is a metadata or link-local address`)
    }
    if (denied.hasAddress(address)) return new EgressError(`${host} is not contacted: ${address} is denied`)
    if (allowed === null || allowed.hasName(host) || allowed.hasAddress(address)) return null
    return new EgressError(`${host} is not contacted: ${address} is not among what is allowed`)
  }

  const guard = (hostname: string): string => {
    const host = canonicalHost(hostname)
    if (forbiddenNames.has(host)) throw new EgressError(`${host} is never contacted: it is a metadata service`)
    if (denied.hasName(host)) throw new EgressError(`${host} is not contacted: it is denied`)
    const refused = isIP(host) === 0 ? null : refusal(host, host)
    if (refused !== null) throw refused
    return host
  }

  return {
    checkHost: (hostname) => void guard(hostname),
    checkUnresolved: (hostname) => {
      const host = guard(hostname)
      if (isIP(host) !== 0 || allowed === null || allowed.hasName(host)) return
      throw new EgressError(`${host} is not contacted: it is not among what is allowed, and a proxy looks it up`)
    },
    checkProxy: (hostname) => checkHost(hostname),
    lookup(hostname, options, callback) {
      const host = canonicalHost(hostname)
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        if (error !== null) return callback(error, '', 0)
        const refused = addresses.map(({ address }) => refusal(host, address)).find((each) => each !== null)
        if (refused !== undefined) return callback(refused, '', 0)
        if (options.all === true) return callback(null, addresses)
        const [first] = addresses
        callback(null, first?.address ?? '', first?.family ?? 0)
      })
    },
  }
}

/** The guard that refuses only what is always refused. */
export const defaultEgress: Egress = createEgress()
export const { checkHost, lookup: guardedLookup } = defaultEgress

interface Rules {
  hasName(host: string): boolean
  /** An IPv4 address wrapped in IPv6 counts as both. */
  hasAddress(address: string): boolean
}

/** Whether `allow` and `deny` take this: an address, a range, a name, or `*.` and a name. */
export function isEgressEntry(entry: string): boolean {
  if (!entry.includes('/') && isIP(entry) === 0) return /^(\*\.)?[\w-]+(\.[\w-]+)*$/.test(entry)
  try {
    createRules([entry])
    return true
  } catch {
    return false
  }
}

function createRules(entries: readonly string[]): Rules {
  const list = new BlockList()
  const names = new Set<string>()
  for (const entry of entries) {
    if (addAddresses(list, entry)) continue
    if (entry.includes('/')) throw new TypeError(`"${entry}" is no range of addresses`)
    names.add(entry.toLowerCase())
  }
  return {
    hasName: (host) => {
      const parents = host.split('.').map((_, index, labels) => `*.${labels.slice(index + 1).join('.')}`)
      return [host, ...parents].some((name) => names.has(name))
    },
    hasAddress: (address) => {
      const plain = withoutZone(address)
      if (!isIPv6(plain)) return list.check(plain)
      return list.check(plain, 'ipv6') || embedded(expand(plain)).some((inner) => list.check(inner))
    },
  }
}

/** Eight 16-bit words of an IPv6 address; the tail may be written as IPv4. */
function expand(address: string): number[] {
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const hex = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16)
    return `${hex(a, b)}:${hex(c, d)}`
  })
  const [head = '', tail] = plain.split('::')
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)))
  if (tail === undefined) return words(head)
  const [before, after] = [words(head), words(tail)]
  return [...before, ...Array<number>(Math.max(8 - before.length - after.length, 0)).fill(0), ...after]
}

/** IPv4 addresses that an IPv6 one may lead to. */
function embedded(words: readonly number[]): string[] {
  const four = (high = 0, low = 0) => [high >> 8, high & 255, low >> 8, low & 255].join('.')
  const starts = (...prefix: number[]) => prefix.every((word, index) => words[index] === word)
  const found: string[] = []
  const compatible = words[5] === 0 && words[6] !== 0
  const mapped = starts(0, 0, 0, 0, 0) && (words[5] === 0xffff || compatible)
  if (mapped || starts(0, 0, 0, 0, 0xffff, 0) || starts(0x64, 0xff9b)) found.push(four(words[6], words[7]))
  if (starts(0x2002)) found.push(four(words[1], words[2]))
  return found
}
