import { expect, it } from 'vitest'
import { silentLog } from '../../src/lib/log.ts'
import type { Database } from '../../src/store/postgres/database.ts'
import { Whispers } from '../../src/store/postgres/whispers.ts'
import { FakeClock, settled } from '../support/fake-clock.ts'

/** A database that takes its time; tells how often it was asked to notify, and what it was last asked is answered by `answer`. */
function aSlowDatabase() {
  const answers: (() => void)[] = []
  const database: Database = {
    query: () => new Promise((resolve) => answers.push(() => resolve([]))),
    transaction: () => Promise.reject(new Error('not asked here')),
    listen: async () => {},
    close: async () => {},
  }
  return { database, asked: () => answers.length, answer: () => answers.at(-1)?.() }
}

function someWhispers() {
  const [clock, slow] = [new FakeClock(), aSlowDatabase()]
  const whispers = new Whispers('channel', 'me', { database: slow.database, clock, log: silentLog })
  return { clock, whispers, ...slow }
}

it('says once what is told within a moment', async () => {
  const { clock, whispers, asked } = someWhispers()

  for (let index = 0; index < 10; index++) whispers.tell()
  await clock.advance(1_000)

  expect(asked()).toBe(1)
})

it('says again what is told of while it is being said', async () => {
  const { clock, whispers, asked, answer } = someWhispers()
  whispers.tell()
  await clock.advance(100)

  whispers.tell()
  await clock.advance(100)
  answer()
  await clock.advance(100)

  expect(asked()).toBe(2)
})

it('says once, and not once for each moment, what is told of while something is being said', async () => {
  const { clock, whispers, asked, answer } = someWhispers()
  for (let moment = 0; moment < 100; moment++) {
    whispers.tell()
    await clock.advance(25)
  }

  for (let turn = 0; turn < 5; turn++) {
    answer()
    await clock.advance(25)
  }

  expect(asked()).toBe(2)
})

it('closes when all was said', async () => {
  const { clock, whispers, asked, answer } = someWhispers()
  whispers.tell()
  await clock.advance(100)
  whispers.tell()
  let isClosed = false

  void whispers.close().then(() => {
    isClosed = true
  })
  await settled()
  answer()
  await settled()
  expect([asked(), isClosed]).toEqual([2, false])
  answer()
  await settled()

  expect(isClosed).toBe(true)
})
