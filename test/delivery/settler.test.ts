import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/core/delivery.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { DispatcherWorld } from '../support/dispatcher-world.ts'
import { FakeClock, settled } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'

/** More turns than lie between the end of a write and the moment at which everybody has seen it. */
const turns = 15

async function afterTurns(count: number, run: () => void): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve()
  run()
}

/** Two attempts: the first one is being written down, and the second ends that many turns after the end of that write. */
async function endsBeside(offset: number) {
  const clock = new FakeClock()
  const memory = createMemoryStore(clock)
  const written = Promise.withResolvers<void>()
  let writes = 0
  const store = faultyStore(memory, {
    after: async (operation) => {
      // The first write is what is owed.
      if (operation === 'settle' && ++writes === 2) await written.promise
    },
  })
  const answers: ((outcome: Outcome) => void)[] = []
  const answer = () => new Promise<Outcome>((resolve) => answers.push(resolve))
  const world = new DispatcherWorld({ targets: { hook: { concurrency: 2, answer } }, clock, store })
  await world.owe(2, 'hook')
  await clock.advance(10)
  answers[0]?.({ kind: 'delivered' })
  await settled()
  void afterTurns(turns, written.resolve)
  void afterTurns(turns + offset, () => answers[1]?.({ kind: 'delivered' }))
  const states = async () => (await memory.deliveries({ limit: 9 })).map(({ state }) => state)
  return { world, clock, states }
}

describe.each(Array.from({ length: 2 * turns + 1 }, (_, index) => index - turns))(
  'what ends %i turns after the end of a write',
  (offset) => {
    it('is written down at once', async () => {
      const { clock, states } = await endsBeside(offset)

      await clock.advance(1_000)

      expect(await states()).toEqual(['delivered', 'delivered'])
    })

    it('is written down before the dispatcher ends', async () => {
      const { world, states } = await endsBeside(offset)

      await world.drain()

      expect(await states()).toEqual(['delivered', 'delivered'])
    })
  },
)
