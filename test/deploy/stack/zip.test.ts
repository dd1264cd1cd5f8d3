import { inflateRawSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { zip } from '../../../src/deploy/stack/zip.ts'

const files = [
  { name: 'b.mjs', content: Buffer.from('export const b = 1\n'.repeat(50)) },
  { name: 'files/ä.pem', content: Buffer.from('certificate') },
  { name: 'a.mjs', content: Buffer.alloc(0) },
]

/** Reads an archive by its directory, as those do who unpack it. Where a program does that, see test/aws. */
function unzip(archive: Buffer): ReadonlyMap<string, string> {
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

it('makes an archive that holds the files', () => {
  expect([...unzip(zip(files))]).toEqual([
    ['a.mjs', ''],
    ['b.mjs', files[0]?.content.toString()],
    ['files/ä.pem', 'certificate'],
  ])
})

it('makes the same bytes of the same files, in whatever order they come', () => {
  expect(zip(files.toReversed()).equals(zip(files))).toBe(true)
})
