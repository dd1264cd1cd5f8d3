import { expect, it } from 'vitest'
import { zip } from '../../../src/deploy/stack/zip.ts'
import { unzip } from '../unzip.ts'

const files = [
  { name: 'b.mjs', content: Buffer.from('export const b = 1\n'.repeat(50)) },
  { name: 'files/ä.pem', content: Buffer.from('certificate') },
  { name: 'a.mjs', content: Buffer.alloc(0) },
]

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
