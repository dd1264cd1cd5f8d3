import { inflateRawSync } from 'node:zlib'

/** Reads an archive by its directory, as those do who unpack it. Where a program does that, see test/aws. */
export function unzip(archive: Buffer): ReadonlyMap<string, string> {
  const end = archive.lastIndexOf('PK\u0005\u0006')
  const found = new Map<string, string>()
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [size, nameLength] = [archive.readUInt32LE(at + 20), archive.readUInt16LE(at + 28)]
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength)
    const local = archive.readUInt32LE(at + 42)
    const begin = local + 30 + archive.readUInt16LE(local + 26)
    found.set(name, inflateRawSync(archive.subarray(begin, begin + size)).toString())
    at += 46 + nameLength
  }
  return found
}
