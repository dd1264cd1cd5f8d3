import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/core/delivery.ts'
import { boundedXattr } from '../../src/sources/onedata/bounded-xattr.ts'
import { encodeFile } from '../../src/store/dynamodb/file-codec.ts'
import { fileKey, nameKey } from '../../src/store/dynamodb/keys.ts'
import type { Op } from '../../src/store/dynamodb/shelf.ts'
import { chunksOf } from '../../src/store/dynamodb/units.ts'
import { anEvent, aState } from '../support/builders.ts'

const put = (sk: string, bytes = 10): Op => ({ kind: 'put', row: { pk: 'p', sk, data: 'x'.repeat(bytes) } })
const drop = (sk: string): Op => ({ kind: 'delete', key: { pk: 'p', sk } })

describe('the writes of a commit', () => {
  it('go into transactions of at most 99 writes and the head, in their order, no unit torn apart', () => {
    const units = Array.from({ length: 80 }, (_, n) => [put(`${n} a`), put(`${n} b`), drop(`${n} c`)])
    const chunks = chunksOf(units)
    expect(chunks.map((ops) => ops.length)).toEqual([99, 99, 42])
    expect(chunks.flat()).toEqual(units.flat())
    expect(chunksOf([[], []])).toEqual([])
  })

  it('stay below 4 MB in each', () => {
    const chunks = chunksOf(Array.from({ length: 20 }, (_, n) => [put(`${n}`, 380_000)]))
    for (const ops of chunks) expect(JSON.stringify(ops).length).toBeLessThan(4_000_000)
    expect(chunks.length).toBeGreaterThan(1)
  })

  it('of one row in one transaction are the last of them', () => {
    expect(chunksOf([[put('a', 1)], [put('b')], [put('a', 2)]])).toEqual([[put('a', 2), put('b')]])
  })
})

describe('an item', () => {
  // Each character takes six bytes in JSON; names on a file system have 255 bytes.
  const nasty = (characters: number) => '\u0001'.repeat(characters)
  const path = Array.from({ length: 40 }, () => nasty(255)).join('/')
  const xattrs = Object.fromEntries(['a', 'b', 'c'].map((key) => [key, boundedXattr(nasty(1_000_000))]))
  const evidence = {
    rung: 'declared',
    because: nasty(500),
    quietMs: 1,
    lastChangeAt: 1,
    checksum: nasty(4_096),
  } as const

  it('of a file stays far below 400 KB, whatever its name and attributes are', () => {
    const decided = Array.from({ length: 8 }, () => ({ size: 1e15, mtime: 1e10, eventId: 'e'.repeat(56), at: 1e13 }))
    const state = aState({ path, facts: { size: 1e15, mtime: 1e10, xattrs }, decided, evidence })
    expect(chunksOf([[{ kind: 'put', row: { ...fileKey('t', 'f'), data: encodeFile(state) } }]])).toHaveLength(1)
    expect(Buffer.byteLength(encodeFile(state))).toBeLessThan(200_000)
  })

  it('of a delivery does, too, with what the receiver said', () => {
    const event = anEvent({ path, evidence })
    const answer = { status: 500, body: nasty(1_024) }
    const job = { id: nasty(100), state: 'failed', detail: nasty(1_024), log: nasty(500), seenAt: 1 } as const
    const delivery: Delivery = {
      ...{ id: 'd', target: 't', event, state: 'dead', attempts: 9, nextAt: 1, createdAt: 1 },
      lastAttemptAt: 1,
      lastReason: nasty(1_000),
      lastAnswer: answer,
      job,
    }
    expect(Buffer.byteLength(JSON.stringify(delivery))).toBeLessThan(200_000)
  })

  it('that is too large all the same is a defect, and is not sent', () => {
    expect(() => chunksOf([[put('a', 400_000)]])).toThrow(expect.objectContaining({ code: 'INVARIANT' }))
  })

  it.each(['x'.repeat(5_000), '\ud800', 'é'.repeat(600)])('has a key that DynamoDB takes, for any name', (name) => {
    expect(Buffer.byteLength(nameKey(name))).toBeLessThan(1_024)
    expect(nameKey(name)).not.toBe(nameKey(`${name} `))
    expect(nameKey(name).isWellFormed()).toBe(true)
  })
})

describe('the value of an extended attribute', () => {
  it.each([
    ['short', 'short'],
    [null, null],
    [{ a: 1 }, { a: 1 }],
    [undefined, undefined],
  ])('%j is kept', (value, kept) => {
    expect(boundedXattr(value)).toEqual(kept)
  })

  it('is cut where it is very long, text or not', () => {
    expect(boundedXattr('x'.repeat(5_000))).toBe('x'.repeat(4_096))
    expect(String(boundedXattr(Array.from({ length: 5_000 }, () => 1)))).toHaveLength(4_096)
  })
})
