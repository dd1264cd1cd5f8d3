import { expect, test } from 'vitest'
import { gather } from '../../src/lib/gather.ts'
import { settled } from '../support/fake-clock.ts'

/** A source of text that the test feeds; `read` is what was taken out of it. */
function aSource() {
  const { readable, writable } = new TransformStream<string, string>(undefined, undefined, { highWaterMark: 0 })
  const writer = writable.getWriter()
  const read: string[] = []
  let closed = 0
  async function* source() {
    for await (const text of readable) {
      read.push(text)
      yield text
    }
  }
  const feed = async (...texts: string[]) => {
    for (const text of texts) void writer.write(text).catch(() => {})
    await settled()
  }
  const gathered = gather(source(), 10, () => {
    closed += 1
  })
  return { gathered, feed, read, writer, closed: () => closed }
}

test('what comes while the consumer is at work is handed on together', async () => {
  const { gathered, feed } = aSource()
  await feed('a')
  expect(await gathered.next()).toEqual({ value: 'a', done: false })

  await feed('b', 'c', 'd')

  expect(await gathered.next()).toEqual({ value: 'bcd', done: false })
  const next = gathered.next()
  await feed('e')
  expect(await next).toEqual({ value: 'e', done: false })
})

test('no more is read ahead than may wait, and the rest afterwards', async () => {
  const { gathered, feed, read } = aSource()
  const first = gathered.next()
  await feed('0')
  await first

  await feed('12345', '67890', 'abc', 'def')
  expect(read).toEqual(['0', '12345', '67890'])

  expect((await gathered.next()).value).toBe('1234567890')
  await settled()
  expect((await gathered.next()).value).toBe('abcdef')
})

test('what came before the end, or before an error, is handed on first', async () => {
  const { gathered, feed, writer } = aSource()
  await feed('a')
  await gathered.next()
  await feed('b')
  await writer.close()
  await settled()
  expect([await gathered.next(), await gathered.next()]).toEqual([
    { value: 'b', done: false },
    { value: undefined, done: true },
  ])

  const broken = aSource()
  await broken.feed('a')
  await broken.gathered.next()
  await broken.feed('b')
  await broken.writer.abort(new Error('it broke'))
  await settled()
  expect((await broken.gathered.next()).value).toBe('b')
  await expect(broken.gathered.next()).rejects.toThrow('it broke')
})

test('a consumer that leaves ends the source, and nothing more is read', async () => {
  const { gathered, feed, read, closed } = aSource()
  await feed('a')
  for await (const text of gathered) {
    expect(text).toBe('a')
    await feed('1234567890')
    break
  }
  await feed('b', 'c')

  expect(closed()).toBe(1)
  expect(read).toEqual(['a', '1234567890'])
})
