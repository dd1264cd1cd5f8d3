import { crc32, deflateRawSync } from 'node:zlib'

/** A file of an archive; `name` has `/` between its parts. */
export interface ZipEntry {
  readonly name: string
  readonly content: Buffer
}

/** 1980-01-01, the first day that the format knows: the same files make the same bytes on any day. */
const dosDate = 0x0021
/** Read by all: Lambda runs as another user than the one that unpacks. */
const unixMode = 0o100644
const utf8Names = 0x0800
const deflated = 8

/** A ZIP archive (APPNOTE 6.3.x, without 64-bit sizes: up to 4 GiB, far above what Lambda takes), in the order of the names. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  let offset = 0
  const parts = sorted.map(({ name, content }) => {
    const packed = deflateRawSync(content, { level: 9 })
    const shared = sharedFields(name, content, packed)
    const local = Buffer.concat([signature(0x04034b50), shared, Buffer.from(name), packed])
    const central = centralEntry(name, shared, offset)
    offset += local.length
    return { local, central }
  })
  const directory = Buffer.concat(parts.map(({ central }) => central))
  return Buffer.concat([...parts.map(({ local }) => local), directory, end(parts.length, directory.length, offset)])
}

/** What the header of a file and its line in the directory both hold: 26 bytes. */
function sharedFields(name: string, content: Buffer, packed: Buffer): Buffer {
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0)
  fields.writeUInt16LE(utf8Names, 2)
  fields.writeUInt16LE(deflated, 4)
  fields.writeUInt16LE(0, 6)
  fields.writeUInt16LE(dosDate, 8)
  fields.writeUInt32LE(crc32(content), 10)
  fields.writeUInt32LE(packed.length, 14)
  fields.writeUInt32LE(content.length, 18)
  fields.writeUInt16LE(Buffer.byteLength(name), 22)
  return fields
}

function centralEntry(name: string, shared: Buffer, offset: number): Buffer {
  const madeBy = Buffer.alloc(2)
  // Unix, so that the mode below counts.
  madeBy.writeUInt16LE((3 << 8) | 20, 0)
  const rest = Buffer.alloc(14)
  rest.writeUInt32LE(unixMode * 65_536, 6)
  rest.writeUInt32LE(offset, 10)
  return Buffer.concat([signature(0x02014b50), madeBy, shared, rest, Buffer.from(name)])
}

function end(count: number, size: number, offset: number): Buffer {
  const fields = Buffer.alloc(18)
  fields.writeUInt16LE(count, 4)
  fields.writeUInt16LE(count, 6)
  fields.writeUInt32LE(size, 8)
  fields.writeUInt32LE(offset, 12)
  return Buffer.concat([signature(0x06054b50), fields])
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
