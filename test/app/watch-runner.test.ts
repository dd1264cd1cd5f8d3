import { expect, it } from 'vitest'
import { WatchRunner } from '../../src/app/watch-runner.ts'
import { SourceError } from '../../src/core/errors.ts'
import type { Source } from '../../src/core/source.ts'
import { silentLog } from '../../src/lib/log.ts'
import { silentPipelineMeter } from '../../src/pipeline/meter.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { aTrigger } from '../support/builders.ts'
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
