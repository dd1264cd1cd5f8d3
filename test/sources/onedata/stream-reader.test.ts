import { expect, test } from 'vitest'
import type { WatchBatch } from '../../../src/core/source.ts'
import type { Provider } from '../../../src/sources/onedata/provider.ts'
import { StreamIds } from '../../../src/sources/onedata/stream-ids.ts'
import { StreamReader } from '../../../src/sources/onedata/stream-reader.ts'
import { WatchedDirectories } from '../../../src/sources/onedata/watched-directories.ts'

/** What a reader hands on of these texts, each with the time at which it came; of some several are worked on together. */
async function batchesOf(
  via: 'events' | 'changes',
  pieces: readonly (readonly { readonly text: string; readonly at: number }[])[],
): Promise<readonly WatchBatch[]> {
  const batches: WatchBatch[] = []
  const watched = new WatchedDirectories(10)
  watched.tree.set('dir1', 'in')
  const reader = new StreamReader({
    via,
    // All that a reader asks of it.
    provider: { id: 'p1' } as Provider,
    needs: { folders: ['in'], xattrs: [], holes: false },
    sink: { push: async (batch) => void batches.push(batch), known: async () => new Map() },
    ids: new StreamIds(null, () => {}),
    watched,
    known: new Set(),
    suspectGap: () => {},
    foundDirectory: () => {},
  })
  async function* chunks() {
    yield* pieces
  }
  await reader.read({ chunks: chunks(), close: () => {} }, new AbortController().signal)
  return batches
}

const event = (id: number) =>
  `id: ${id}\nevent: changedOrCreated\ndata: {"fileId":"f${id}","parentFileId":"dir1","attributes":{"name":"a","type":"REG","size":5,"mtime":1}}\n\n`
const line = (seq: number) =>
  `{"seq":${seq},"fileId":"f${seq}","filePath":"/Gamma/in/a","times":{"changed":true,"fields":{"mtime":1}}}\r\n`

test.each([
  ['events', event],
  ['changes', line],
] as const)('what %s tell is as old as it is, and the last of it counts', async (via, item) => {
  const batches = await batchesOf(via, [
    [{ text: item(1), at: 1_000 }],
    [
      { text: `${item(2)}${item(3)}${item(4).slice(0, 20)}`, at: 2_000 },
      { text: `${item(4).slice(20)}${item(5)}`, at: 3_000 },
    ],
  ])

  expect(batches).toMatchObject([
    { ats: [1_000], observations: [{ fileId: 'f1' }], cursor: { value: '1' } },
    {
      ats: [2_000, 2_000, 3_000, 3_000],
      observations: [{ fileId: 'f2' }, { fileId: 'f3' }, { fileId: 'f4' }, { fileId: 'f5' }],
      cursor: { value: '5' },
    },
  ])
})
