import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../support/simulator.ts'
import { tempDir } from '../../support/temp-dir.ts'
import type { Note } from './diary.ts'
import { pullPlug } from './plug.ts'

const sector = 512
const [old, first, second] = ['o', 'f', 's'].map((letter) => letter.repeat(sector))

/** A record as volatile.c writes it. */
function aNote({ kind, path, start = 0, end = 0, size = 0, old: bytes = Buffer.alloc(0) }: Partial<Note>): Buffer {
  const head = Buffer.alloc(3)
  head.write(kind ?? 'w')
  head.writeUInt16LE(Buffer.byteLength(path ?? ''), 1)
  const numbers = Buffer.alloc(28)
  for (const [index, number] of [start, end, size].entries()) numbers.writeBigUInt64LE(BigInt(number), index * 8)
  numbers.writeUInt32LE(bytes.length, 24)
  return Buffer.concat([head, Buffer.from(path ?? ''), numbers, bytes])
}

function aFile(text: string): string {
  const path = join(tempDir(), 'db')
  writeFileSync(path, text)
  return path
}

describe('a power cut', () => {
  it('takes back what was written and not synced, and what made the file longer', () => {
    const path = aFile(`${first}${second}`)
    const diary = [
      aNote({ path, start: 0, end: sector, size: sector, old: Buffer.from(old ?? '') }),
      aNote({ path, start: sector, end: 2 * sector, size: sector }),
    ]

    const taken = pullPlug(Buffer.concat(diary), 'all', seededRandom(1))

    expect(taken).toEqual({ sectors: 2, files: 0 })
    expect(readFileSync(path, 'utf8')).toBe(old)
  })

  it('leaves what was synced', () => {
    const path = aFile(`${first}`)
    const diary = [aNote({ path, end: sector, size: sector, old: Buffer.from(old ?? '') }), aNote({ kind: 's', path })]

    pullPlug(Buffer.concat(diary), 'all', seededRandom(1))

    expect(readFileSync(path, 'utf8')).toBe(first)
  })

  it('may leave any state that an unsynced sector was in', () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 50; seed++) {
      const path = aFile(`${second}`)
      const writes = [old, first].map((was) => aNote({ path, end: sector, size: sector, old: Buffer.from(was ?? '') }))
      pullPlug(Buffer.concat(writes), 'any', seededRandom(seed))
      outcomes.add(readFileSync(path, 'utf8'))
    }

    expect(outcomes).toEqual(new Set([old, first, second]))
  })

  it('forgets a file whose directory was not synced since it was made', () => {
    const [forgotten, kept] = [aFile('x'), aFile('y')]
    const made = [forgotten, kept].map((path) => aNote({ kind: 'c', path }))

    const taken = pullPlug(Buffer.concat([...made, aNote({ kind: 'd', path: dirname(kept) })]), 'all', seededRandom(1))

    expect(taken.files).toBe(1)
    expect([forgotten, kept].map((path) => existsSync(path))).toEqual([false, true])
  })

  it('reads a diary whose last record was cut off', () => {
    const path = aFile(`${first}`)
    const whole = aNote({ path, end: sector, size: sector, old: Buffer.from(old ?? '') })

    pullPlug(Buffer.concat([whole, whole.subarray(0, 40)]), 'all', seededRandom(1))

    expect(readFileSync(path, 'utf8')).toBe(old)
  })
})
