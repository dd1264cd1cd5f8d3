import type { Source, SpaceWatch, WatchSink } from '../../../src/core/source.ts'
import type { Message } from '../../../src/lib/network.ts'
import type { Scenario } from './scenario.ts'

/*
 * What OneTrigger may ask of providers. A request that a planted fault ate (no answer, 5xx, 401, or a 400 for lost
 * rights) is asked again and not counted; a file whose rights are lost is read again after 1 s, then ever less often, at most once a minute.
 *
 *   all requests that were answered
 *     <= reads + pages + streams + listings x 1 + openings x 5
 *
 *   reads      of one file each, in one request at most (and one for each opening, where the folder itself may be away); no more than 1.1 x changes of
 *              files, and where nothing goes wrong than 1.1 x what people did, in however many pieces; but a poll, which hears of nothing for longer than
 *              the quiet period, has to look in between
 *   pages      of listings, of the tree or of one directory; on 20.02 and 18.02, where attributes cost a request per file, each file listed is one,
 *              and each directory two. No more than one for each listing (on those two: for each of its directories), read, and new directory;
 *              more only where the provider gives short ones
 *   streams    opened: new, resumed after an end, or wider for a new directory. No more than one for each cut, new directory and four minutes, and two
 *              for each opening
 *   listings   each asks for the folder's id first
 *   openings   of a provider: who it is, which space is meant (2), and the id of the folder (2). No more than the start, a stream that broke and each
 *              trouble explain, with the back-off that goes up to a minute
 *
 * And listings are no more than time asks for (one per interval), two for each opening (the second where the first found directories that the stream
 * did not watch), and one for each gap that was suspected; gaps that come thick share theirs, so that there is no more than one in a minute.
 */

/** Room for fractions of small numbers. */
const slack = 2
const minuteMs = 60_000
/** An idle stream is cut after five minutes. */
const streamMs = 4 * minuteMs
/** A trouble lets so many tries through before they come once in 48 s (a minute, less a fifth). */
const [firstTries, triesEveryMs] = [7, 48_000]
/** Where nothing goes wrong: of one provider, or of two and the one that is taken. */
const leastOpenings = 3
/** Of one listing, at three entries each. */
const shortPages = 12

/** What a scenario was, as far as it is a reason to ask. */
export interface Asked {
  readonly scenario: Scenario
  readonly changes: number
  readonly acts: number
  readonly entriesCost: boolean
  readonly intervalMs: number
  readonly ms: number
  readonly gaps: number
}

/** Counts what a source does. */
export class Calls {
  /** Files that were read afresh. */
  reads = 0
  /** Full listings that were begun. */
  listings = 0
  /** Files that listings told of. */
  listed = 0
  answered = 0
  /** Requests for one file each. */
  looks = 0
  pages = 0
  streams = 0
  openings = 0

  /** A provider was asked, and answered so. */
  note({ method, url }: Message, status: number | null): void {
    const path = url.replace(/\?.*/, '')
    if (path.includes('/onezone/') || status === null || status >= 400) return
    this.answered += 1
    if (/\/(events\/files|changes\/metadata\/[^/]+)$/.test(path)) this.streams += 1
    else if (method === 'GET' && /\/(files|children)$|\/oneprovider\/files\//.test(path)) this.pages += 1
    else if (path.endsWith('/configuration')) this.openings += 1
    else if (method === 'GET' && /\/oneprovider\/data\/[^/]+$/.test(path)) this.looks += 1
  }

  /** The same source, its reads and listings counted. */
  through(source: Source): Source {
    return { ...source, openSpace: async (space, signal) => this.#watch(await source.openSpace(space, signal)) }
  }

  /** Sentences about what was asked too often. */
  problems(of: Asked): readonly string[] {
    const { answered, looks, pages, streams, listings, openings, reads } = this
    const explained = explain(of.scenario)
    const perListing =
      (of.entriesCost ? directoriesPerListing : 1) * (of.scenario.setting.hasShortPages ? shortPages : 1)
    const entries = of.entriesCost ? this.listed + 2 * directoriesPerListing * listings : 0
    const { isCalm, via } = of.scenario.setting
    const changed = isCalm && via !== 'poll' ? of.acts : of.changes
    const due = of.ms / of.intervalMs + 2 * openings + Math.min(of.gaps, of.ms / minuteMs + slack)
    const limits: readonly (readonly [what: string, asked: number, allowed: number])[] = [
      ['reads', reads, 1.1 * changed],
      ['requests', answered, reads + pages + entries + streams + listings + 5 * openings],
      ['looks at files', looks, of.entriesCost ? Number.POSITIVE_INFINITY : reads + (isCalm ? 0 : openings)],
      ['pages', pages, perListing * listings + reads + explained.directories],
      ['streams', streams, explained.directories + explained.ends + of.ms / streamMs + 2 * openings],
      ['openings', openings, leastOpenings + explained.ends + explained.tries],
      ['listings', listings, due],
    ]
    return limits
      .filter(([, asked, allowed]) => asked > allowed + slack)
      .map(([what, asked, allowed]) => {
        return `${asked} ${what}, ${Math.floor(allowed + slack)} allowed, for ${changed} changes of files: ${JSON.stringify(this)}`
      })
  }

  #watch(watch: SpaceWatch): SpaceWatch {
    return {
      space: watch.space,
      rescan: (reason) => watch.rescan(reason),
      health: () => watch.health(),
      read: async (requests, signal) => {
        const answers = await watch.read(requests, signal)
        this.reads += answers.filter(({ kind }) => kind !== 'unavailable').length
        return answers
      },
      run: ({ sink, ...input }, signal) => watch.run({ ...input, sink: this.#sink(sink) }, signal),
    }
  }

  #sink(sink: WatchSink): WatchSink {
    return {
      known: (fileIds) => sink.known(fileIds),
      push: (batch) => {
        if (batch.mark?.kind === 'begin') this.listings += 1
        if (batch.scan !== undefined) this.listed += batch.observations.length
        return sink.push(batch)
      },
    }
  }
}

/** What of a scenario is a reason to ask. */
function explain({ steps }: Scenario) {
  const acts = steps.map(({ act }) => act)
  const isOf = (kinds: readonly string[]) => acts.filter(({ kind }) => kinds.includes(kind)).length
  const troubles = acts.flatMap((act) => ('forMs' in act && act.kind !== 'away' ? [act] : []))
  return {
    /** Directories that may have come. */
    directories: isOf(['mkdir', 'rmdir', 'moveDir', 'upload']),
    /** Streams that end. */
    ends: isOf(['cut', 'freeze', 'resetSequence']),
    tries: troubles.reduce((sum, { forMs }) => sum + firstTries + forMs / triesEveryMs, 0),
  }
}

/** As many as scenarios have in the watched folder. */
const directoriesPerListing = 6
