import fc from 'fast-check'
import { mutated, mutations, texts } from './junk.ts'
import { headers, statuses } from './raw-answer.ts'

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

/** What comes together: an event or a change with something else in it, text, bytes, many lines. */
const chunk = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      event: fc.constantFrom('changedOrCreated', 'deleted', 'heartbeat', 'x'),
      id: ids,
      changes,
    }),
  },
  { weight: 4, arbitrary: fc.record({ seq: ids, changes }) },
  { weight: 1, arbitrary: fc.record({ text: texts, end: fc.constantFrom('\n', '\n\n', '') }) },
  { weight: 1, arbitrary: fc.record({ bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => [...bytes]) }) },
  { weight: 1, arbitrary: fc.record({ lines: fc.nat(4_000) }) },
)

type Chunk = typeof chunk extends fc.Arbitrary<infer T> ? T : never

/** What goes out; ids still stand as `{file}` and the like. */
export function sent(given: Chunk): string | Uint8Array {
  if ('bytes' in given) return Uint8Array.from(given.bytes)
  if ('text' in given) return `${given.text}${given.end}`
  if ('lines' in given) return 'data: y\n'.repeat(given.lines)
  if ('event' in given) return `id: ${given.id}\nevent: ${given.event}\ndata: ${mutated(event, given.changes)}\n\n`
  const seq = /^\d+$/.test(given.seq) ? Number(given.seq) : given.seq
  return `${mutated({ ...change, seq }, given.changes)}\n`
}

const stream = fc.record({
  status: fc.oneof({ weight: 4, arbitrary: fc.constant(200) }, { weight: 1, arbitrary: statuses }),
  headers: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: headers }),
  chunks: fc.array(chunk, { maxLength: 8 }),
  end: fc.constantFrom('clean', 'clean', 'reset'),
})

/** One stream of a provider: it sends and ends. */
export type SpoiltStream = typeof stream extends fc.Arbitrary<infer T> ? T : never

/** A watch and the streams that it meets. */
export const sessions = fc.record({
  via: fc.constantFrom('events' as const, 'changes' as const),
  /** Where an earlier one had got to. */
  cursor: fc.option(fc.nat(200).map(String)),
  streams: fc.array(stream, { minLength: 1, maxLength: 4 }),
  /** They come again and again; else the provider is well afterwards. */
  again: fc.boolean(),
})

export type Session = typeof sessions extends fc.Arbitrary<infer T> ? T : never
