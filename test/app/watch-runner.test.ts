import { expect, it } from 'vitest'
import { WatchRunner } from '../../src/app/watch-runner.ts'
import { SourceError } from '../../src/core/errors.ts'
import type { Source, SpaceWatch } from '../../src/core/source.ts'
import { silentLog } from '../../src/lib/log.ts'
import { silentPipelineMeter } from '../../src/pipeline/meter.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { watchLease } from '../../src/store/store.ts'
import { aFile, aTrigger } from '../support/builders.ts'
import { FakeClock, settled } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'

const fails = () => Promise.reject(new SourceError('SOURCE_UNREACHABLE', 'The provider cannot be reached.'))
/** Never reaches its provider. */
const unreachable: Source = {
  listSpaces: fails,
  openSpace: fails,
  fileVersion: fails,
  readContent: fails,
  close: async () => {},
}

it('notes the first try of all its triggers with one call at each attempt', async () => {
  const clock = new FakeClock()
  const calls: string[] = []
  const memory = createMemoryStore(clock)
  const store = faultyStore(memory, { before: (operation) => void calls.push(operation) })
  const names = Array.from({ length: 300 }, (_, index) => `trigger-${index}`)
  const runner = new WatchRunner({
    sourceName: 'hub',
    source: unreachable,
    space: 'Gamma',
    triggers: names.map((name) => aTrigger({ name })),
    store,
    holder: 'me',
    mayGiveUp: false,
    clock,
    log: silentLog,
    meter: silentPipelineMeter,
    onOwed: () => {},
    onSpace: () => {},
  })
  const began = clock.now()
  const stop = new AbortController()

  const running = runner.run(stop.signal)
  await settled()
  await clock.advance(1_000)
  stop.abort()
  await running

  expect(calls).toEqual(['noteFirstTries', 'noteFirstTries'])
  expect(await memory.noteFirstTries(names, clock.now())).toEqual(new Map(names.map((name) => [name, began])))
})

it('has nothing pending to tell of once another process has taken over the watch', async () => {
  const clock = new FakeClock()
  const store = createMemoryStore(clock)
  const told = new Map<string, number>()
  const watch: SpaceWatch = {
    space: { id: 'space1', name: 'Gamma' },
    run: async ({ sink }, signal) => {
      await sink.push({ observations: [aFile('in/a.txt')] })
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    },
    read: async () => [],
    rescan: () => {},
    health: () => ({ ok: true, since: 0, detail: 'watching' }),
  }
  const runner = new WatchRunner({
    sourceName: 'hub',
    source: { ...unreachable, openSpace: async () => watch },
    space: 'Gamma',
    triggers: [aTrigger({ completion: { stableForMs: 3_600_000 } })],
    store,
    holder: 'me',
    mayGiveUp: false,
    clock,
    log: silentLog,
    meter: { ...silentPipelineMeter, pending: (trigger, phase, count) => void told.set(`${trigger} ${phase}`, count) },
    onOwed: () => {},
    onSpace: () => {},
  })
  const stop = new AbortController()
  const running = runner.run(stop.signal)
  await settled()
  expect(told.get('default uploading')).toBe(1)

  const lease = watchLease({ source: 'hub', spaceId: 'space1' })
  await store.releaseLease(lease, 'me')
  await store.lease(lease, 'another', 60_000)
  await clock.advance(10_000)

  expect(told.get('default uploading')).toBe(0)
  stop.abort()
  await running
})
