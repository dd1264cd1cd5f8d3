import fc from 'fast-check'
import type { Observation } from '../../../src/core/observation.ts'
import { readChange } from '../../../src/sources/onedata/changes-messages.ts'
import { DirectoryTree } from '../../../src/sources/onedata/directory-tree.ts'
import { readEvent } from '../../../src/sources/onedata/events-messages.ts'
import type { OpenStream } from '../../../src/sources/onedata/stream-connection.ts'
import { type Arrived, eventsOf, linesOf, OversizedItem } from '../../../src/sources/onedata/stream-items.ts'
import { type Area, property } from '../fuzz.ts'
import { junk, mutated, mutations, texts } from '../junk.ts'
import { expectSane } from '../sane.ts'

/** Pieces that streams are made of, whole and broken: ends of lines of all kinds, fields, half characters, NULs, BOMs. */
const piece = fc.oneof(
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => [...bytes]) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(
        '\n',
        '\r',
        '\r\n',
        '\n\n',
        '\r\n\r\n',
        'id: 7',
        'id:',
        'event: changedOrCreated',
        'event:heartbeat',
        'data: {}',
        'data:',
        ':',
        'retry: 1',
        '\u0000',
        '\ufeff',
        'data: {"fileId":"f","attributes":{"type":"REG","name":"ä🎞"}}',
        'unknown: 1',
        ' ',
      )
      .map((text) => [...new TextEncoder().encode(text)]),
  },
  { weight: 1, arbitrary: fc.constantFrom([0xf0, 0x9f], [0x8e], [0xc3], [0xff, 0xfe], [0xed, 0xa0, 0x80]) },
)

const bytes = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.flat())
const cuts = fc.array(fc.nat(300), { maxLength: 20 })

/** The stream as the connection decodes it, cut at these places. */
function streamOf(given: readonly number[], at: readonly number[]): OpenStream {
  const decoder = new TextDecoder()
  const places = [0, ...at.filter((place) => place < given.length).toSorted((a, b) => a - b), given.length]
  async function* chunks() {
    for (const [index, place] of places.entries()) {
      const text = decoder.decode(Uint8Array.from(given.slice(places[index - 1] ?? 0, place)), { stream: true })
      yield [{ text, at: 0 }]
    }
  }
  return { chunks: chunks(), close: () => {} }
}

async function all<T>(groups: AsyncIterable<readonly Arrived<T>[]>): Promise<readonly T[]> {
  const items: T[] = []
  for await (const group of groups) items.push(...group.map(({ item }) => item))
  return items
}

function expectSame(a: unknown, b: unknown): void {
  if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${JSON.stringify(a)} is not ${JSON.stringify(b)}`)
}

const megabyte = 1_048_576
/** A block that is too long ends the stream; a line that is, is passed over first, for it would come again wherever the stream is opened. */
const [mostOfBlock, mostOfLine] = [2 * megabyte, 18 * megabyte]

/** Feeds text without end; the reader must give up before it has taken more than that. */
async function expectToGiveUp(
  read: (stream: OpenStream) => AsyncIterable<unknown>,
  text: string,
  most: number,
): Promise<void> {
  let fed = 0
  async function* chunks() {
    for (; fed < 2 * most; fed += text.length) yield [{ text, at: 0 }]
  }
  try {
    for await (const _items of read({ chunks: chunks(), close: () => {} })) fed = 0
  } catch (error) {
    if (!(error instanceof OversizedItem)) throw error
  }
  if (fed > most) throw new Error(`it has taken ${fed} characters and not given up`)
}

const tree = () => {
  const made = new DirectoryTree()
  made.set('dir1', 'in')
  return made
}

const event = {
  fileId: 'f1',
  parentFileId: 'dir1',
  attributes: {
    name: 'a.bin',
    type: 'REG',
    size: 5,
    mtime: 1_700_000_000,
    ctime: 1_700_000_000,
    localReplicationRate: 1,
    originProviderId: 'p1',
  },
}

const change = {
  seq: 12,
  fileId: 'f1',
  filePath: '/Gamma/in/a.bin',
  fileMeta: { rev: '2-a', deleted: false, fields: { name: 'a.bin', type: 'REG' } },
  fileLocation: { fields: { size: 5, provider_id: 'p1' } },
  times: { fields: { mtime: 1_700_000_000, ctime: 1_700_000_000 } },
}

const context = {
  folders: ['in'],
  providerId: 'p1',
  isDirectory: (fileId: string) => fileId === 'dir1',
}

function expectAllSane(observations: readonly Observation[]): void {
  for (const each of observations) expectSane(each)
}

/** What comes over the streams of a provider. */
export const streams: Area = {
  'events are the same however their bytes are cut': property(fc.tuple(bytes, cuts), async ([given, at]) => {
    expectSame(await all(eventsOf(streamOf(given, at))), await all(eventsOf(streamOf(given, []))))
  }),
  'lines are the same however their bytes are cut': property(fc.tuple(bytes, cuts), async ([given, at]) => {
    expectSame(await all(linesOf(streamOf(given, at))), await all(linesOf(streamOf(given, []))))
  }),
  'an event without end is given up': property(
    fc.tuple(
      // Of the other fields the last one counts, so that lines without end take up nothing.
      fc.constantFrom(
        ...['data: ', 'data:'].flatMap((start) => ['', '\n', '\r\n'].map((end) => [start, end] as const)),
        ...['id: ', 'id:', 'event: '].map((start) => [start, ''] as const),
      ),
      fc.integer({ min: 5_000, max: 100_000 }),
    ),
    ([[start, end], length]) => expectToGiveUp(eventsOf, `${start}${'y'.repeat(length)}${end}`, mostOfBlock),
  ),
  'a line without end is given up': property(fc.integer({ min: 5_000, max: 100_000 }), (length) =>
    expectToGiveUp(linesOf, 'y'.repeat(length), mostOfLine),
  ),
  'an event says nothing that cannot be': property(
    fc.tuple(mutations, fc.constantFrom('changedOrCreated', 'deleted', 'heartbeat', '', 'x')),
    ([changes, kind]) => {
      const meaning = readEvent({ id: '7', event: kind, data: mutated(event, changes) }, tree(), 'p1')
      expectAllSane(meaning.observations)
      if (meaning.newDirectory !== undefined)
        expectSane({
          kind: 'file',
          fileId: meaning.newDirectory.fileId,
          dir: meaning.newDirectory.path,
          name: null,
          facts: {},
          by: 'events',
        })
    },
  ),
  'an event of any text says nothing that cannot be': property(
    fc.tuple(texts, fc.option(texts, { nil: undefined })),
    ([data, kind]) => {
      expectAllSane(readEvent({ id: undefined, event: kind, data }, tree(), 'p1').observations)
    },
  ),
  'a change says nothing that cannot be': property(mutations, (changes) => {
    const { seq, observations } = readChange(mutated(change, changes), context)
    expectAllSane(observations)
    if (seq !== null && !(Number.isSafeInteger(seq) && seq >= 0)) throw new Error(`a sequence number of ${seq}`)
  }),
  'a line of anything is no change, or a sane one': property(
    fc.oneof(
      texts,
      junk.map((value) => JSON.stringify(value) ?? ''),
    ),
    (line) => {
      expectAllSane(readChange(line, context).observations)
    },
  ),
}
