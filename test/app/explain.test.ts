import { describe, expect, it } from 'vitest'
import { explain } from '../../src/app/operator/explain.ts'
import type { Config } from '../../src/config/config.ts'
import type { FileEvent } from '../../src/core/event.ts'
import type { FileState } from '../../src/core/file-state.ts'
import type { Trigger } from '../../src/core/trigger.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { watchLease } from '../../src/store/store.ts'
import { aConfig, anEvent, aPolicy, aState, aTrigger } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** A store in which a trigger knows these files, and owes these events. */
async function aStore(states: readonly FileState[], events: readonly FileEvent[] = []) {
  const store = createMemoryStore(new FakeClock())
  const watch = { source: 'onedata', spaceId: 'space1' }
  const lease = await store.lease(watchLease(watch), 'me', 60_000)
  const owed = events.map((event) => ({ event, targets: ['webhook'] }))
  await store.commit({ watch, epoch: lease?.epoch ?? 0, states, forget: [], events: owed })
  return store
}

async function saysOf(
  path: string,
  trigger: Trigger,
  store: Awaited<ReturnType<typeof aStore>>,
  more: Partial<Config> = {},
) {
  const found = await explain({ path, store, config: aConfig({ triggers: [trigger], ...more }), now: 100_000 })
  return found.flatMap(({ because }) => because)
}

describe('a file that did not fire is not said to have fired', () => {
  it('an empty one that the trigger does not want', async () => {
    const trigger = aTrigger({ completion: aPolicy({ emptyFiles: 'ignore' }) })
    const evidence = { rung: 'quiet', because: 'it was quiet', quietMs: 20_000, lastChangeAt: 0 } as const
    const empty = aState({ phase: 'complete', facts: { size: 0, mtime: 1 }, evidence })
    const emptied = { ...empty, decided: [{ size: 9, mtime: 0, eventId: 'evt_1', at: 1 }] }

    for (const state of [empty, emptied]) {
      expect(await saysOf('in/a.txt', trigger, await aStore([state]))).toEqual([
        'It is empty, and empty files do not fire (emptyFiles: ignore).',
      ])
    }
  })

  it.each(['complete', 'uploading'] as const)('a marker (%s)', async (phase) => {
    const trigger = aTrigger({ completion: aPolicy({ marker: '{name}.done' }) })
    const marker = aState({ path: 'in/a.txt.done', phase, isMarker: true })

    expect(await saysOf('/Gamma/in/a.txt.done', trigger, await aStore([marker]))).toEqual([
      'It is a marker of another file: it never fires itself.',
    ])
  })
})

it('one that fired is told with its event', async () => {
  const evidence = { rung: 'quiet', because: 'it was quiet', quietMs: 20_000, lastChangeAt: 0 } as const
  const decided = [{ size: 0, mtime: 1, eventId: 'evt_1', at: 1 }]
  const state = aState({ phase: 'complete', facts: { size: 0, mtime: 1 }, decided, evidence })

  expect(await saysOf('in/a.txt', aTrigger({}), await aStore([state], [anEvent()]))).toEqual([
    'It fired on 1970-01-01T00:00:00.001Z, as event evt_1: it was quiet (evidence: quiet).',
  ])
})

describe('a path that begins with the name of a space that is configured by its id', () => {
  const space = '0123456789abcdef0123456789abcdef'
  const event = anEvent({ space: { id: space, name: 'Gamma' } })
  const trigger = aTrigger({ space })

  it('is that of the file inside, before anything has fired and after', async () => {
    const gone = 'It was deleted or moved away; what was fired is kept, because it may come back.'
    const state = aState({ phase: 'gone' })

    expect(await saysOf('/Gamma/in/a.txt', trigger, await aStore([state]))).toEqual([gone])
    expect(await saysOf('/Gamma/in/a.txt', trigger, await aStore([state], [event]))).toEqual([gone])
    expect(await saysOf('/Gamma/in/absent.txt', trigger, await aStore([]))).toEqual([
      'The trigger would look at it, but no file was seen at this path so far.',
    ])
  })

  it('is none of its business where it is known to be that of another space', async () => {
    expect(await saysOf('/Delta/in/a.txt', trigger, await aStore([aState()], [event]))).toEqual([
      expect.stringContaining('does not look at it'),
    ])
  })
})
