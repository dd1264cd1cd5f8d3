import { expect, it } from 'vitest'
import { WatchRunner } from '../../src/app/watch-runner.ts'
import type { Source, SpaceWatch } from '../../src/core/source.ts'
import { silentLog } from '../../src/lib/log.ts'
import { silentPipelineMeter } from '../../src/pipeline/meter.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { type Store, watchLease } from '../../src/store/store.ts'
import { aCommit, watch } from '../store/commits.ts'
import { aBridge } from '../support/bridge.ts'
import { aState, aTrigger } from '../support/builders.ts'
import { FakeClock, settled } from '../support/fake-clock.ts'

/** A store that replicas share, in which one of them watches a space under the trigger `old`. */
async function aSharedStore() {
  const clock = new FakeClock()
  const store: Store = Object.assign(createMemoryStore(clock), { isShared: true })
  const epoch = (await store.lease(watchLease(watch), 'other', 6_000))?.epoch ?? 0
  const state = aState({ trigger: 'old', phase: 'complete' })
  await store.commit(
    aCommit({ epoch, states: [state], baselines: [{ trigger: 'old', state: 'done', cutMs: clock.now() }] }),
  )
  return { clock, store, epoch }
}

const renamedFrom = new Map([['new', 'old']])

it('a replica that starts does not take the state of a trigger from under another one that still watches by its old name', async () => {
  const { clock, store } = await aSharedStore()
  const bridge = aBridge({ store, clock }, { renamedFrom })
  const stop = new AbortController()
  const running = bridge.run(stop.signal, new AbortController().signal)
  await settled()

  // To the other one it would be a file it never saw: it fires.
  expect((await store.files('old', ['f1'])).size).toBe(1)

  stop.abort()
  await clock.advance(1)
  await running
})

it('takes it over once it watches itself', async () => {
  const { clock, store } = await aSharedStore()
  const aWatch: SpaceWatch = {
    space: { id: watch.spaceId, name: 'Gamma' },
    health: () => ({ ok: true, since: 0, detail: 'watching' }),
    run: (_input, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    read: async () => [],
    rescan: () => {},
  }
  const source: Source = {
    listSpaces: async () => [],
    openSpace: async () => aWatch,
    fileVersion: () => Promise.reject(new Error('not asked here')),
    readContent: () => Promise.reject(new Error('not asked here')),
    close: async () => {},
  }
  const runner = new WatchRunner({
    ...{ sourceName: watch.source, source, space: 'Gamma', triggers: [aTrigger({ name: 'new' })], store },
    ...{ holder: 'me', mayGiveUp: false, clock, log: silentLog, meter: silentPipelineMeter },
    renamedFrom,
    onOwed: () => {},
    onSpace: () => {},
  })
  const stop = new AbortController()
  const running = runner.run(stop.signal)
  await clock.advance(3_000)
  expect(await store.triggers()).toEqual(['new', 'old'])

  await store.releaseLease(watchLease(watch), 'other')
  await clock.advance(3_000)
  expect(await store.triggers()).toEqual(['new'])
  expect((await store.files('new', ['f1'])).get('f1')?.phase).toBe('complete')
  expect(await store.baseline('new')).toMatchObject({ state: 'done' })

  stop.abort()
  await clock.advance(10)
  await running
})
