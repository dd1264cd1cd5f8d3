import type { WatchBatch } from '../../../src/core/source.ts'
import { type Area, property } from '../fuzz.ts'
import { expectSane } from '../sane.ts'
import { SessionWorld } from '../session-world.ts'
import { sessions as anySession } from '../spoilt-streams.ts'

/** Asking who the provider is, its space and folders, and the listing, for each time that it begins anew or suspects a gap. */
const mostRequests = 150

function expectSaneBatch({ observations, cursor }: WatchBatch): void {
  for (const each of observations) expectSane(each)
  if (cursor !== undefined && !/^\d{1,16}$/.test(cursor.value)) throw new Error(`a cursor at ${cursor.value}`)
}

/** A watch as it really runs, on streams of anything. */
export const sessions: Area = {
  'streams of anything lead to sane observations, and to fewer and fewer requests, and to an open stream where there is one':
    async (run, kept) => {
      const world = await SessionWorld.start()
      try {
        const check = property(anySession, async (given) => {
          const asked = await world.watch(given, expectSaneBatch)
          if (asked > mostRequests) throw new Error(`${asked} requests`)
        })
        await check(run, kept)
      } finally {
        await world.close()
      }
    },
}
