import fc from 'fast-check'
import type { WatchBatch } from '../../../src/core/source.ts'
import { type Area, property } from '../fuzz.ts'
import { mutated, mutations, texts } from '../junk.ts'
import { headers, statuses } from '../raw-answer.ts'
import { expectSane } from '../sane.ts'
import { SessionWorld } from '../session-world.ts'

/** `{file}`, `{directory}` and `{space}` stand for ids that the provider knows. */
const event = {
  fileId: '{file}',
  parentFileId: '{directory}',
  attributes: {
    name: 'b.bin',
    type: 'REG',
    size: 5,
    mtime: 1_700_000_000,
    ctime: 1_700_000_000,
    originProviderId: 'p',
  },
}

const change = {
  seq: 12,
  fileId: '{file}',
  filePath: '/Gamma/in/a.bin',
  fileMeta: { rev: '2-a', deleted: false, fields: { name: 'a.bin', type: 'REG' } },
  fileLocation: { fields: { size: 5, provider_id: 'p' } },
  times: { fields: { mtime: 1_700_000_000, ctime: 1_700_000_000 } },
}

const ids = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('', '-1', '0', '1e3', '999999999999999', '99999999999999999999', 'x') },
)

const changes = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: mutations })

/** Text or bytes that come together. */
const chunk = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(ids, fc.constantFrom('changedOrCreated', 'deleted', 'heartbeat', 'x'), changes)
      .map(([id, kind, made]) => `id: ${id}\nevent: ${kind}\ndata: ${mutated(event, made)}\n\n`),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(ids, changes)
      .map(([id, made]) => `${mutated({ ...change, seq: /^\d+$/.test(id) ? Number(id) : id }, made)}\n`),
  },
  { weight: 1, arbitrary: fc.tuple(texts, fc.constantFrom('\n', '\n\n', '')).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => [...bytes]) },
  { weight: 1, arbitrary: fc.nat(4_000).map((times) => 'data: y\n'.repeat(times)) },
)

const stream = fc.record({
  status: fc.oneof({ weight: 4, arbitrary: fc.constant(200) }, { weight: 1, arbitrary: statuses }),
  headers: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: headers }),
  chunks: fc.array(chunk, { maxLength: 8 }),
  end: fc.constantFrom('clean', 'clean', 'reset'),
})

/** One stream of a provider: it sends and ends. */
export type SpoiltStream = typeof stream extends fc.Arbitrary<infer T> ? T : never

const session = fc.record({
  via: fc.constantFrom('events' as const, 'changes' as const),
  /** Where an earlier one had got to. */
  cursor: fc.option(fc.nat(200).map(String)),
  streams: fc.array(stream, { minLength: 1, maxLength: 4 }),
  /** They come again and again; else the provider is well afterwards. */
  again: fc.boolean(),
})

export type Session = typeof session extends fc.Arbitrary<infer T> ? T : never

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
        const check = property(session, async (given) => {
          const asked = await world.watch(given, expectSaneBatch)
          if (asked > mostRequests) throw new Error(`${asked} requests`)
        })
        await check(run, kept)
      } finally {
        await world.close()
      }
    },
}
