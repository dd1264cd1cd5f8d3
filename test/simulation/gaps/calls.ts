import type { Source, SpaceWatch, WatchSink } from '../../../src/core/source.ts'
import type { Message } from '../../../src/lib/network.ts'

/*
 * What OneTrigger may ask of providers. A request that a planted fault ate (no answer, 5xx, 401, or a 400 for lost
 * rights) is asked again and not counted; a file whose rights are lost is read again after 1 s, then ever less often, at most once a minute.
 *
 *   all requests that were answered
 *     <= 1.1 x changes of files + pages + streams + listings x 1 + openings x 5
 *
 *   pages      of listings, of the tree or of one directory; on 20.02 and 18.02, where attributes cost a request per file, each file listed is one,
 *              and each directory two
 *   streams    opened: new, resumed after an end, or wider for a new directory
 *   listings   each asks for the folder's id first
 *   openings   of a provider: who it is, which space is meant (2), and the id of the folder (2)
 *
 * And listings are no more than time asks for (one per interval), two for each opening (the second where the first found directories that the stream
 * did not watch), and one for each gap that was suspected; gaps that come thick share theirs, so that there is no more than one in a minute.
 */

/** Room for fractions of small numbers. */
const slack = 2
const minuteMs = 60_000

/** Counts what a source does. */
export class Calls {
  /** Files that were read afresh. */
  reads = 0
  /** Full listings that were begun. */
  listings = 0
  /** Files that listings told of. */
  listed = 0
  answered = 0
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
  }

  /** The same source, its reads and listings counted. */
  through(source: Source): Source {
    return { ...source, openSpace: async (space, signal) => this.#watch(await source.openSpace(space, signal)) }
  }

  /** Sentences about what was asked too often. */
  problems(of: {
    readonly changes: number
    readonly entriesCost: boolean
    readonly intervalMs: number
    readonly ms: number
    readonly gaps: number
  }) {
    const { answered, pages, streams, listings, openings, reads } = this
    const entries = of.entriesCost ? this.listed + 2 * directoriesPerListing * listings : 0
    const allowed = 1.1 * of.changes + pages + entries + streams + listings + 5 * openings + slack
    const due = of.ms / of.intervalMs + 2 * openings + Math.min(of.gaps, of.ms / minuteMs + slack) + slack
    return [
      ...(reads > 1.1 * of.changes + slack ? [`${reads} reads for ${of.changes} changes of files`] : []),
      ...(answered > allowed ? [`${answered} requests, ${allowed.toFixed(0)} allowed: ${JSON.stringify(this)}`] : []),
      ...(listings > due ? [`${listings} listings, ${due.toFixed(0)} allowed`] : []),
    ]
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

/** As many as scenarios have in the watched folder. */
const directoriesPerListing = 6
