import { type BlockList, isIP, isIPv6 } from 'node:net'

/** As the URL parser writes a host, so that every spelling of an address is the same one; without brackets, zone and final dot. */
export function canonicalHost(hostname: string): string {
  const plain = (hostname.replace(/^\[|\]$/g, '').split('%25')[0] ?? '').toLowerCase()
  const literal = isIPv6(plain) ? `[${withoutZone(plain)}]` : plain
  const host = URL.parse(`http://${literal}/`)?.hostname ?? literal
  return host.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

export function withoutZone(address: string): string {
  return address.split('%')[0] ?? ''
}

/** Puts an address or a range of addresses (CIDR) into the list; false = the text is neither. */
export function addAddresses(list: BlockList, text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  const longest = version === 4 ? 32 : 128
  if (version === 0 || more.length > 0) return false
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= longest)) return false
  list.addSubnet(address, Number(bits ?? longest), version === 4 ? 'ipv4' : 'ipv6')
  return true
}
