import { expect, it } from 'vitest'
import type { ClaimedDelivery } from '../../src/core/delivery.ts'
import { deliveryId } from '../../src/core/ids.ts'
import { openDynamoStore } from '../../src/store/dynamodb/dynamo-store.ts'
import type { Store } from '../../src/store/store.ts'
import { aCommit, owed, watch } from '../store/commits.ts'
import { aState } from '../support/builders.ts'
import type { Dynamo, Fate } from '../support/dynamo.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** More than one transaction takes: 51 states and 51 deliveries. */
const files = Array.from({ length: 51 }, (_, n) => `f${n}`)
const [seen, decided] = ['seen', 'decided'].map((value) => ({ provider: 'p', via: 'events', value }) as const)

/** A life of the source: files are seen, decided upon, delivered. What the cursor says is done is not told again. Gives what was delivered. */
async function live(store: Store, clock: FakeClock, deliver: (delivery: ClaimedDelivery) => void): Promise<void> {
  const cursor = (await store.cursor(watch))?.value
  if (cursor === undefined) {
    const baselines = [{ trigger: 'default', state: 'done', cutMs: null } as const]
    await store.commit(aCommit({ states: files.map((fileId) => aState({ fileId })), baselines, cursor: seen ?? null }))
  }
  if (cursor !== 'decided') {
    const states = files.map((fileId) => aState({ fileId, phase: 'complete' }))
    const events = files.map((fileId) => owed(`evt ${fileId}`, ['hook'], fileId))
    await store.commit(aCommit({ states, events, cursor: decided ?? null }))
  }
  for (;;) {
    const now = clock.now()
    const claimed = await store.claim({ target: 'hook', limit: 60, now, leaseUntil: now + 60_000 })
    if (claimed.length === 0) return
    for (const each of claimed) deliver(each)
    await store.settle(claimed.map(({ id }) => ({ id, kind: 'delivered', at: now, answer: null, job: null })))
  }
}

/** Two lives: the first ends for good at its n-th request, without a word. Gives whether it came to its end before. */
async function dieAt(dynamo: Dynamo, n: number, how: Fate): Promise<boolean> {
  const clock = new FakeClock()
  const table = await dynamo.makeTable()
  const delivered: string[] = []
  const dead = Promise.withResolvers<'dead'>()
  // The dying process has a wire of its own: nothing of what it still says arrives later.
  const wire = await dynamo.another()
  wire.fate = () => {
    if (wire.requests.length < n) return 'answered'
    dead.resolve('dead')
    return wire.requests.length === n ? how : 'hung before'
  }
  const firstLife = async () => {
    const store = await openDynamoStore({ table, clock })
    await live(store, clock, ({ id }) => delivered.push(id))
    await store.close()
    return 'alive' as const
  }
  const life = firstLife()
  // What the dead one still waits for is of no interest.
  life.catch(() => {})
  const end = await Promise.race([life, dead.promise])
  // What it had under way arrives or never does.
  await dynamo.idle()
  dynamo.use()

  const later = new FakeClock(clock.now() + 60_000)
  const store = await openDynamoStore({ table, clock: later })
  const states = await store.files('default', files)
  const phases = new Set([...states.values()].map(({ phase }) => phase))
  const [depth] = await store.depth()
  const known = await store.deliveries({ limit: 1_000 })
  const cursor = (await store.cursor(watch))?.value
  if (cursor !== undefined) expect(states.size).toBe(files.length)
  if (cursor === 'decided') expect([...phases]).toEqual(['complete'])
  // No state says "complete" before its delivery is owed.
  for (const { phase, fileId } of states.values()) {
    if (phase === 'complete') expect(known.map(({ id }) => id)).toContain(deliveryId(`evt ${fileId}`, 'hook'))
  }
  expect(known.filter(({ state }) => state === 'owed')).toHaveLength(depth?.owed ?? 0)
  await live(store, later, ({ id }) => delivered.push(id))
  const after = await store.deliveries({ limit: 1_000 })
  expect(after.map(({ state }) => state)).toEqual(files.map(() => 'delivered'))
  const ids = files.map((fileId) => deliveryId(`evt ${fileId}`, 'hook')).toSorted()
  expect([...new Set(delivered)].toSorted()).toEqual(ids)
  expect(after.map(({ id }) => id).toSorted()).toEqual(ids)
  await store.close()
  await wire.close()
  return end === 'alive'
}

/** That no crash of a process loses anything. */
export function crashContract(server: () => Dynamo): void {
  it.each(['hung before', 'hung after'] as const)(
    'a process that is killed at any of its requests (%s it) loses nothing and makes no second id',
    async (how) => {
      let n = 1
      while (!(await dieAt(server(), n, how))) n += 1
      // The first life, undisturbed, is this many requests long.
      expect(n).toBeGreaterThan(8)
    },
    120_000,
  )
}
