import type { Random } from '../../lib/random.ts'

/** As many lower-case hex digits as asked for. */
export function randomHex(random: Random, digits: number): string {
  let text = ''
  while (text.length < digits) text += Math.floor(random() * 16).toString(16)
  return text
}

/** An id in the form that newer spaces, providers and users have. */
export function randomId(random: Random): string {
  return `${randomHex(random, 32)}ch${randomHex(random, 4)}`
}

/**
 * The CDMI object id of a file, upper-case hex: 00, three bytes enterprise number (0), 00, length of the whole, CRC-16 of the whole with the
 * CRC itself as 0, then the text `guid#<uuid>#<spaceId>`.
 */
export function encodeFileId(uuid: string, spaceId: string): string {
  const guid = Buffer.from(`guid#${uuid}#${spaceId}`)
  const id = Buffer.concat([Buffer.alloc(8), guid])
  id.writeUInt8(id.length, 5)
  id.writeUInt16BE(crc16(id), 6)
  return id.toString('hex').toUpperCase()
}

/** What a file id says; null for anything that is none. */
export function decodeFileId(fileId: string): { readonly uuid: string; readonly spaceId: string } | null {
  if (!/^(?:[0-9A-F]{2}){9,}$/.test(fileId)) return null
  const [kind, uuid, spaceId] = Buffer.from(fileId, 'hex').subarray(8).toString().split('#')
  if (kind !== 'guid' || uuid === undefined || spaceId === undefined) return null
  return encodeFileId(uuid, spaceId) === fileId ? { uuid, spaceId } : null
}

/** Reflected CRC-16, polynomial 0xA001, start 0. */
function crc16(bytes: Buffer): number {
  let crc = 0
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] ?? 0)
  return crc
}

const crcTable = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1
  return crc
})
