import { expect, test, vi } from 'vitest'
import { gather } from '../../src/lib/gather.ts'
import { FakeClock, settled } from '../support/fake-clock.ts'

/** A source of text that the test feeds; `read` is what was taken out of it. */
function aSource({ rests = 0, patienceMs = 1_000, ahead = 10 } = {}) {
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
  const clock = new FakeClock(0)
  const close = () => {
    closed += 1
  }
  const gathered = gather(source(), { together: 8, ahead, rests, patienceMs, clock, close })
  return { clock, gathered, feed, read, writer, closed: () => closed }
}

test('what comes while the consumer is at work is handed on together', async () => {
  const { gathered, feed } = aSource()
  await feed('a')
  expect(await gathered.next()).toMatchObject({ value: [{ text: 'a' }], done: false })

  await feed('b', 'c', 'd')

  expect(await gathered.next()).toMatchObject({ value: [{ text: 'b' }, { text: 'c' }, { text: 'd' }], done: false })
  const next = gathered.next()
  await feed('e')
  expect(await next).toMatchObject({ value: [{ text: 'e' }], done: false })
})

test('each piece is as old as it is, however long it waits', async () => {
  const { gathered, feed, clock } = aSource()
  await feed('a')
  await gathered.next()
  await clock.advance(5)
  await feed('b')
  await clock.advance(5)
  await feed('c')
  await clock.advance(1_000)

  expect((await gathered.next()).value).toEqual([
    { text: 'b', at: 5 },
    { text: 'c', at: 10 },
  ])
})

test('much is handed on in parts', async () => {
  const { gathered, feed, clock } = aSource()
  await feed('a')
  await gathered.next()
  await feed('1234', '5678')
  await clock.advance(5)
  await feed('x')

  expect((await gathered.next()).value).toMatchObject([{ text: '1234' }, { text: '5678' }])
  expect((await gathered.next()).value).toEqual([{ text: 'x', at: 5 }])
})

test('between two pieces it rests for as many times as the first took, and hands on together what came meanwhile', async () => {
  const { gathered, feed, clock } = aSource({ rests: 4 })
  await feed('a')
  await gathered.next()
  await clock.advance(3)
  await feed('b')
  const handedOn = vi.fn()
  void gathered.next().then(handedOn)

  await clock.advance(5)
  await feed('c')
  await clock.advance(6)
  expect(handedOn).not.toHaveBeenCalled()
  await clock.advance(1)

  const value = [
    { text: 'b', at: 3 },
    { text: 'c', at: 8 },
  ]
  expect(handedOn).toHaveBeenCalledWith({ value, done: false })
})

test('what has waited for long is handed on without rest, and so is the end', async () => {
  const { gathered, feed, clock, writer } = aSource({ rests: 4, patienceMs: 20 })
  await feed('a')
  await gathered.next()
  await feed('12345678', '9')
  await clock.advance(15)
  const handedOn = vi.fn()
  void gathered.next().then(handedOn)
  await clock.advance(4)
  expect(handedOn).not.toHaveBeenCalled()
  await clock.advance(1)
  expect(handedOn).toHaveBeenCalledWith({ value: [{ text: '12345678', at: 0 }], done: false })

  await clock.advance(10)
  expect(await gathered.next()).toEqual({ value: [{ text: '9', at: 0 }], done: false })
  await clock.advance(10)
  const end = gathered.next()
  await writer.close()
  expect(await end).toEqual({ value: undefined, done: true })
})

test('much that waits is handed on evenly within the time it may wait, not all of it at the end', async () => {
  const { gathered, feed, clock } = aSource({ rests: 1_000, patienceMs: 100, ahead: 1_000 })
  await feed('a')
  await gathered.next()
  await feed(...Array.from({ length: 10 }, () => '12345678'))
  const handedOnAt: number[] = []
  const consume = async () => {
    for (let count = 0; count < 10; count++) {
      await gathered.next()
      handedOnAt.push(clock.now())
      // What the consumer does takes a millisecond, here of the clock.
      await new Promise<void>((resolve) => void clock.timer(1, resolve))
    }
  }
  await clock.advance(1)
  const consumed = consume()
  for (let ms = 0; ms < 120; ms++) await clock.advance(1)
  await consumed

  const pauses = handedOnAt.map((at, index) => at - (handedOnAt[index - 1] ?? 0))
  expect(Math.max(...pauses)).toBeLessThanOrEqual(12)
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(8)
  expect(handedOnAt.at(-1)).toBeLessThanOrEqual(100)
})

test('no more is read ahead than may wait, and the rest afterwards', async () => {
  const { gathered, feed, read } = aSource()
  const first = gathered.next()
  await feed('0')
  await first

  await feed('12345', '67890', 'abc', 'def')
  expect(read).toEqual(['0', '12345', '67890'])

  expect((await gathered.next()).value).toMatchObject([{ text: '12345' }, { text: '67890' }])
  await settled()
  expect((await gathered.next()).value).toMatchObject([{ text: 'abc' }, { text: 'def' }])
})

test('what came before the end, or before an error, is handed on first', async () => {
  const { gathered, feed, writer } = aSource()
  await feed('a')
  await gathered.next()
  await feed('b')
  await writer.close()
  await settled()
  expect([await gathered.next(), await gathered.next()]).toEqual([
    { value: [{ text: 'b', at: 0 }], done: false },
    { value: undefined, done: true },
  ])

  const broken = aSource()
  await broken.feed('a')
  await broken.gathered.next()
  await broken.feed('b')
  await broken.writer.abort(new Error('it broke'))
  await settled()
  expect((await broken.gathered.next()).value).toMatchObject([{ text: 'b' }])
  await expect(broken.gathered.next()).rejects.toThrow('it broke')
})

test('a consumer that leaves ends the source, and nothing more is read', async () => {
  const { gathered, feed, read, closed } = aSource()
  await feed('a')
  for await (const pieces of gathered) {
    expect(pieces).toMatchObject([{ text: 'a' }])
    await feed('1234567890')
    break
  }
  await feed('b', 'c')

  expect(closed()).toBe(1)
  expect(read).toEqual(['a', '1234567890'])
})
