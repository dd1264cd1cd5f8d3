import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Source } from '../../../src/core/source.ts'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { World, type WorldOptions } from '../world.ts'
import { Author, keyOf } from './author.ts'
import { Calls } from './calls.ts'
import type { Scenario, Setting, Step } from './scenario.ts'
import { playSteps } from './timeline.ts'
import { expectedOf, filesBelow, judge, type Received } from './truth.ts'

export interface PlayOptions {
  readonly seed: number
  readonly show?: (line: string) => void
  /** Stands between the source and the rest, to break it. */
  readonly throughSource?: (source: Source) => Source
}

/** What came of a scenario. */
export interface Played {
  /** Sentences; none = all is as it must be. */
  readonly problems: readonly string[]
  readonly digest: string
  /** Versions of files that are there at the end and had to be reported. */
  readonly expected: number
  readonly received: number
  readonly virtualMs: number
  readonly changes: number
  readonly calls: Calls
}

/** Files that are there an hour before anybody watches: numbers of directories and names. */
const placesBefore = [
  [0, 0],
  [1, 1],
  [4, 0],
] as const
/** Of short pages. Two at least: 20.02 begins each with the last name of the one before. */
const mostPerPage = 3
const hourMs = 3_600_000
const pollMs = 30_000
const reconcileMs = 600_000
/** What a provider may hold back, and the quiet period. */
const heldBackMs = 18_000 + 20_000
/** For the stream, for the listing of a new directory, for the read. */
const newsMs = 5_000
/**
 * After the last disturbance and the last write: one reconcile interval, and before it what may still stand in the way: a request that hangs (60 s) and
 * the longest back-off (72 s); after it the quiet period (20 s) and what a provider holds back (18 s).
 */
const repairMs = reconcileMs + 60_000 + 72_000 + 20_000 + 18_000

/** Plays a scenario in virtual time, and compares what was received with what was finished. */
export async function playScenario(scenario: Scenario, options: PlayOptions): Promise<Played> {
  if (scenario.setting.store === 'memory') return play(scenario, options)
  const folder = mkdtempSync(join(tmpdir(), 'onetrigger-gaps-'))
  try {
    const path = join(folder, 'onetrigger.db')
    return await play(scenario, options, (clock) => openSqliteStore({ path, clock }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function play(
  scenario: Scenario,
  options: PlayOptions,
  createStore?: WorldOptions['createStore'],
): Promise<Played> {
  const { setting, steps } = scenario
  const received: Received[] = []
  const calls = new Calls()
  const world = await World.create({
    ...worldOf(setting, options, calls),
    ...(createStore === undefined ? {} : { createStore }),
    onReceived: ({ fileId, size, mtime, path, eventTime }, deliveryId) =>
      received.push({ fileId, size, mtime, path, at: eventTime, receivedAt: world.clock.now(), deliveryId }),
  })
  if (setting.hasShortPages) for (const { faults } of world.providers) faults.mostPerPage = mostPerPage
  for (const provider of world.providers.slice(1)) provider.sync.lagMs = setting.lagMs
  const { provider, clock } = world
  const author = new Author(provider.model, clock)
  // From outside it might be moved in as if it had always been there.
  const places = setting.fromStart ? placesBefore.slice(0, 2) : placesBefore
  for (const [dir, name] of places)
    author.do({ kind: 'upload', dir, name, bytes: 1_000, pieces: 1, pauseMs: 0, temporary: false })
  const before = new Set(filesBelow(provider.model, 'in').map(({ stat }) => keyOf(stat)))
  await clock.pass(hourMs)
  const began = clock.now()
  world.start()
  if (!setting.fromStart) await world.listed()
  await playSteps(scenario, world, author)
  await clock.runUntil(() => !author.isWriting)
  await clock.pass(repairMs + setting.lagMs)
  const virtualMs = clock.now() - began
  const { changes, acts } = author
  const intervalMs = setting.via === 'poll' || world.sawFolderMissing ? pollMs : reconcileMs
  const { gaps } = world
  const asked = { changes, acts, entriesCost: isOld(setting), intervalMs, ms: virtualMs, gaps, scenario }
  const promptMs = setting.isCalm ? setting.lagMs + heldBackMs + (setting.via === 'poll' ? 2 * pollMs : newsMs) : null
  const problems = [
    ...judge({ world, author, before, received, mayTellOld: setting.fromStart && steps.some(isMove), promptMs }),
    ...calls.problems(asked),
  ]
  const expected = expectedOf(provider.model, before).length
  await world.close()
  return { problems, digest: world.trace.digest(), expected, received: received.length, virtualMs, changes, calls }
}

function worldOf({ versions, via }: Setting, options: PlayOptions, calls: Calls): Omit<WorldOptions, 'onReceived'> {
  const { seed, show, throughSource = (source: Source) => source } = options
  return {
    seed,
    versions,
    via,
    options: { pollInterval: `${pollMs}ms`, reconcileInterval: `${reconcileMs}ms` },
    latencyMs: 50,
    failing: 0.1,
    ...(show === undefined ? {} : { show }),
    throughSource: (source) => calls.through(throughSource(source)),
    onExchange: (message, status) => calls.note(message, status),
  }
}

function isMove({ act: { kind } }: Step): boolean {
  return kind === 'move' || kind === 'moveDir' || kind === 'away'
}

/** Attributes cost a request per file. */
function isOld({ versions }: Setting): boolean {
  return versions.some((version) => version === '18.02' || version === '20.02')
}
