import fc from 'fast-check'
import { SourceError } from '../../../src/core/errors.ts'
import type { ReadRequest } from '../../../src/core/source.ts'
import { type Area, type Property, property } from '../fuzz.ts'
import { mutations } from '../junk.ts'
import { versions } from '../origin.ts'
import { ProviderWorld } from '../provider-world.ts'
import { expectSane } from '../sane.ts'

const spoilt = fc.record({
  version: fc.constantFrom(...versions),
  /** Which answers are changed, counted from the first; the others stay as they are. */
  answers: fc.uniqueArray(
    fc.record({
      at: fc.nat(12),
      how: fc.constantFrom('json', 'json', 'json', 'json', 'status', 'garbage', 'cut', 'reset', 'zipped', 'html'),
      changes: mutations,
      status: fc.integer({ min: 200, max: 599 }),
    }),
    { minLength: 1, maxLength: 4, selector: ({ at }) => at },
  ),
})

export type Spoilt = typeof spoilt extends fc.Arbitrary<infer T> ? T : never

const never = new AbortController().signal
const needs = { holes: true, xattrs: ['done', 'toString'] }
const listing = { needs, known: async () => new Map() }

/** Whatever a provider answers: what is asked of it ends, with sane values or a `SourceError`. */
function asked(use: (world: ProviderWorld) => Promise<void>): Property {
  return async (run, kept) => {
    const world = await ProviderWorld.start()
    try {
      const check = property(spoilt, async (how) => {
        world.spoil(how)
        await typed(() => use(world))
      })
      await check(run, kept)
    } finally {
      await world.close()
    }
  }
}

/** Errors of a source are what callers reckon with; anything else ends the process. */
async function typed(use: () => Promise<void>): Promise<void> {
  try {
    await use()
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
  }
}

export const provider: Area = {
  'a listing is of sane entries, or a SourceError': asked(async (world) => {
    await using opened = await world.open()
    const pages = await opened.provider.list(world.space, 'in', listing, never)
    for await (const { entries } of pages ?? []) {
      for (const { type, ...entry } of entries) {
        expectSane({ kind: type === 'file' ? 'file' : 'file', ...entry, by: 'scan' })
      }
    }
    for await (const _page of opened.provider.listDirectory(world.space, world.directory, listing, never));
  }),
  'a read answers each request, sanely': asked(async (world) => {
    await using opened = await world.open()
    const requests = world.files.map(
      ({ fileId, path }): ReadRequest => ({ fileId, path, xattrs: needs.xattrs, cdmi: true, distribution: true }),
    )
    let answers: Awaited<ReturnType<typeof opened.provider.read>>
    try {
      answers = await opened.provider.read(world.space, requests, never)
    } catch (error) {
      throw new Error('a read must never reject', { cause: error })
    }
    if (answers.length !== requests.length) throw new Error(`${answers.length} answers to ${requests.length} requests`)
    for (const answer of answers) if (answer.kind !== 'unavailable') expectSane(answer)
  }),
  'spaces, folders and ways to watch are found, or a SourceError': asked(async (world) => {
    await using opened = await world.open()
    const { provider: found } = opened
    await typed(async () => void (await found.listSpaces(never)))
    await typed(async () => void (await found.resolveSpace('Gamma', never)))
    await typed(async () => void (await found.hasEvents(world.space.id, never)))
    await typed(async () => void (await found.hasChanges(world.space.id, never)))
    await typed(async () => void (await found.directoryId(world.space, 'in/sub', never)))
    const time = await found.serverTime(never)
    if (time !== null && !Number.isFinite(time)) throw new Error(`a server's time of ${time}`)
  }),
  'a zone tells of providers, or a SourceError': asked((world) => world.askZone()),
  'content is a part of the file, or a SourceError': asked((world) => world.readContent()),
}
