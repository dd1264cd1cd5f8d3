import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { deliveryId } from '../../src/core/ids.ts'
import { silentLog } from '../../src/lib/log.ts'
import type { Database } from '../../src/store/postgres/database.ts'
import { openPostgresStore, openPostgresStoreBeside } from '../../src/store/postgres/postgres-store.ts'
import type { Store } from '../../src/store/store.ts'
import { aState } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { startPglite } from '../support/pglite.ts'
import { waitFor } from '../support/wait-for.ts'
import { aCommit, owed } from './commits.ts'

// What several members of one store see of each other. Time stands still unless it is moved.

let pglite: Awaited<ReturnType<typeof startPglite>>
let schemas = 0
beforeAll(async () => {
  pglite = await startPglite()
})
afterAll(() => pglite.close())

let schema: string
let clock: FakeClock
beforeEach(() => {
  schema = `shared_${schemas++}`
  clock = new FakeClock()
})

/** A member with a clock of its own where it is given one; the database's is the test's. */
async function member(database: Database = pglite.database(), own: FakeClock = clock): Promise<Store> {
  const options = { database, name: 'pglite', schema, clock: own, log: silentLog, databaseNow: () => clock.now() }
  const store = await openPostgresStore(options)
  onTestFinished(() => store.close())
  return store
}

const never = new AbortController().signal
const claim = (store: Store, own = clock) =>
  store.claim({ target: 'hook', limit: 10, now: own.now(), leaseUntil: own.now() + 60_000 })
const again = (id: string) =>
  ({
    id: deliveryId(id, 'hook'),
    kind: 'again',
    at: clock.now(),
    nextAt: clock.now() + 9,
    reason: 'x',
    answer: null,
    countAttempt: true,
  }) as const
const delivered = (id: string) =>
  ({ id: deliveryId(id, 'hook'), kind: 'delivered', at: clock.now(), answer: null, job: null }) as const

describe('members of one store', () => {
  it('never hold the same delivery, nor two of one file', async () => {
    const [a, b] = [await member(), await member()]
    const files = ['f', 'f', 'g', 'h']
    await a.commit(aCommit({ events: files.map((file, index) => owed(`e${index}`, ['hook'], file)) }))
    const claims = await Promise.all([claim(a), claim(b), claim(a), claim(b)])
    const taken = claims.flat().map(({ event }) => event.id)
    expect(taken.toSorted()).toEqual(['e0', 'e2', 'e3'])
  })

  it('get what a dead one had claimed when it was not heard of for six seconds, and are woken for it', async () => {
    const cut = aCutWire()
    const [dead, alive] = [await member(cut.database), await member()]
    await dead.commit(aCommit({ events: [owed('e')] }))
    expect(await claim(dead)).toHaveLength(1)
    const began = clock.now()
    await clock.advance(1_000)
    const known = await alive.writesByOthers(0, never)
    let isWoken = false
    void alive.writesByOthers(known, never).then(() => {
      isWoken = true
    })
    cut.isCut = true
    await clock.advance(4_000)
    expect(await claim(alive)).toEqual([])
    await waitFor('it is woken', async () => {
      await clock.advance(500)
      return isWoken
    })
    expect(await claim(alive)).toMatchObject([{ attempt: 2 }])
    expect(clock.now() - began).toBeLessThan(10_000)
  })

  it('do not hear a late word about a delivery that another one has in hand, unless it was delivered', async () => {
    const [paused, other] = [await member(), await member()]
    await paused.commit(aCommit({ events: [owed('e')] }))
    await claim(paused)
    // The lease of the claim ends while its member still lives.
    await clock.advance(60_000)
    expect(await claim(other)).toMatchObject([{ attempt: 2 }])
    await paused.settle([again('e')])
    expect(await other.delivery(deliveryId('e', 'hook'))).toMatchObject({ state: 'owed', lastReason: null })
    expect(await claim(paused)).toEqual([])
    await paused.settle([delivered('e')])
    await other.settle([again('e')])
    expect(await other.delivery(deliveryId('e', 'hook'))).toMatchObject({ state: 'delivered' })
  })

  it('that the others take for dead claim nothing before they have said that they live', async () => {
    const asleep = new FakeClock(clock.now())
    const [woken, alive] = [await member(pglite.database(), asleep), await member()]
    await alive.commit(aCommit({ events: [owed('e')] }))
    // It was checked just before the process was paused that it had beaten lately.
    await clock.advance(7_000)
    expect(await claim(woken, asleep)).toEqual([])
    await asleep.advance(7_000)
    expect(await claim(woken, asleep)).toHaveLength(1)
  })

  it('hear of each other that something is owed', async () => {
    const [a, b] = [await member(), await member()]
    const known = await b.writesByOthers(0, never)
    const next = b.writesByOthers(known, never)
    await a.commit(aCommit({ events: [owed('e')] }))
    await clock.advance(20)
    expect(await next).not.toBe(known)
  })

  it('have differing clocks: what is due is due by the clock of the database', async () => {
    const fast = new FakeClock(clock.now() + 3_600_000)
    const store = await member(pglite.database(), fast)
    await store.commit(aCommit({ events: [owed('e')] }))
    expect(await store.nextDue('hook')).toBe(fast.now())
    expect(await claim(store, fast)).toHaveLength(1)
    await store.settle([{ ...again('e'), at: fast.now(), nextAt: fast.now() + 500 }])
    expect(await store.nextDue('hook')).toBe(fast.now() + 500)
    expect(await claim(store, fast)).toEqual([])
    await clock.advance(500)
    expect(await claim(store, fast)).toHaveLength(1)
  })
})

describe('a claim whose answer is lost', () => {
  it('does not hold the delivery up', async () => {
    const cut = aCutWire()
    const store = await member(cut.database)
    await store.commit(aCommit({ events: [owed('e'), owed('f')] }))
    cut.isCut = true
    await expect(claim(store)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    cut.isCut = false
    expect((await claim(store)).map(({ event }) => event.id)).toEqual(['e', 'f'])
  })
})

describe('a settlement whose answer is lost', () => {
  it('does not free what was claimed again meanwhile, while that is under way', async () => {
    const cut = aCutWire()
    const store = await member(cut.database)
    await store.commit(aCommit({ events: [owed('e')] }))
    expect(await claim(store)).toMatchObject([{ attempt: 1 }])
    const notSent = { ...again('e'), nextAt: 0, countAttempt: false }
    cut.isCut = true
    await expect(store.settle([notSent])).rejects.toMatchObject({ code: 'STORE_FAILED' })
    cut.isCut = false

    // The lane claims on; its settler says again what was not answered, a second later.
    const meanwhile = await claim(store)
    await store.settle([notSent])
    const afterwards = await claim(store)

    expect([...meanwhile, ...afterwards]).toMatchObject([{ attempt: 1, event: { id: 'e' } }])
  })
})

it('what was claimed again before its settlement was answered is not freed by a claim whose answer is lost', async () => {
  const cut = aCutWire()
  const answers = Promise.withResolvers<void>()
  let isSlow = false
  const query: Database['query'] = async (sql, values) => {
    const rows = await cut.database.query(sql, values)
    if (isSlow && sql.includes('landed')) await answers.promise
    return rows
  }
  const store = await member({ ...cut.database, query })
  await store.commit(aCommit({ events: [owed('e')] }))
  await claim(store)
  isSlow = true
  const settling = store.settle([{ ...again('e'), nextAt: 0 }])
  await waitFor('it is claimed again', async () => (await claim(store)).length === 1)
  answers.resolve()
  await settling

  cut.isCut = true
  await expect(claim(store)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  cut.isCut = false

  expect(await claim(store)).toEqual([])
})

/** A database that, while it is cut, carries out what it is told and does not answer claims; beats do not reach it at all. */
function aCutWire() {
  const whole = pglite.database()
  const cut = {
    isCut: false,
    database: {
      ...whole,
      query: async (sql: string, values?: readonly unknown[]) => {
        if (cut.isCut && sql.includes('alive_until)')) throw new Error('Connection terminated unexpectedly')
        const rows = await whole.query(sql, values)
        if (cut.isCut) throw new Error('Connection terminated unexpectedly')
        return rows
      },
    },
  }
  return cut
}

describe('a command beside', () => {
  it('finds the store, replays, and is heard', async () => {
    const running = await member()
    await running.commit(aCommit({ events: [owed('e')] }))
    await claim(running)
    await running.settle([delivered('e')])
    const known = await running.writesByOthers(0, never)
    const options = { database: pglite.database(), name: 'pglite', schema, clock, log: silentLog }
    const beside = await openPostgresStoreBeside(options)
    expect(await beside.replay([deliveryId('e', 'hook')], clock.now())).toBe(1)
    await beside.close()
    expect(await running.writesByOthers(known, never)).not.toBe(known)
  })

  it('says where there is no store', async () => {
    const options = { database: pglite.database(), name: 'pglite', schema: 'nothing', clock, log: silentLog }
    await expect(openPostgresStoreBeside(options)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' })
  })
})

it('keys that PostgreSQL cannot hold as they are come back as they were', async () => {
  const store = await member()
  const [path, fileId] = ['in/nul\0and\ud800half', 'id\0']
  const state = aState({ fileId, path, dir: 'in' })
  await store.commit(aCommit({ states: [state] }))
  expect((await store.files('default', [fileId])).get(fileId)).toEqual(state)
  expect(await store.filesByPath('default', [path])).toEqual([state])
})
