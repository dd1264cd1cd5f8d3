import { lookup } from 'node:dns'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'

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
  if (forbidden6.check(address, 'ipv6')) return true
  const words = expand(address)
  return embedded(words).some((inner) => forbidden4.check(inner))
}

/** Refuses names that stand for metadata services, and literal addresses that are forbidden. Throws `EgressError`. */
export function checkHost(hostname: string): void {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
  if (forbiddenNames.has(host) || (isIP(host) !== 0 && isForbiddenAddress(host))) {
    throw new EgressError(`${host} is never contacted: it is a metadata or link-local address`)
  }
}

/** As `dns.lookup`, but a name with any forbidden address is refused. What this gives is what is connected to, so that no second look-up differs. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0)
    const bad = addresses.find(({ address }) => isForbiddenAddress(address))
    if (bad !== undefined) {
      return callback(new EgressError(`${hostname} is never contacted: it stands for ${bad.address}`), '', 0)
    }
    if (options.all === true) return callback(null, addresses)
    const [first] = addresses
    callback(null, first?.address ?? '', first?.family ?? 0)
  })
}

/** Eight 16-bit words of an IPv6 address; the tail may be written as IPv4. */
function expand(address: string): number[] {
  const plain = (address.split('%')[0] ?? '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
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
