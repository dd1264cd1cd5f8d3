import { defaultIgnore } from '../../../src/core/matching.ts'
import { baseName, dirName, type FileFacts, type FileSeen, type Observation } from '../../../src/core/observation.ts'
import type { ReadAnswer, ReadRequest } from '../../../src/core/source.ts'
import type { CompletionPolicy } from '../../../src/core/trigger.ts'
import { aTrigger } from '../../support/builders.ts'
import { PipelineWorld } from '../../support/pipeline-world.ts'
import { endOf, type ShownFile, ShownFiles } from '../shown-files.ts'
import type { Proof, Told, Trace } from '../trace.ts'
import type { Fire, Player } from './player.ts'

/** As configured by default. */
const reconcileMs = 600_000
/** Longer than anything that the policy waits for: `stalledAfter` 15 min, `vetoFor` 1 h and its last look. */
const patienceMs = 4_500_000

/**
 * The real completion and the real pipeline, on a clock that is moved by hand; the stream tells what the trace says, a listing comes every ten minutes.
 * `blindTo`: a planted defect, as if this rung were not there.
 */
export function oneTrigger(stableForMs: number, blindTo?: Proof): Player {
  return {
    name: `OneTrigger, stableFor ${stableForMs / 1_000} s`,
    play: (trace) => new WatchedTrace(trace, policyFor(trace, stableForMs, blindTo)).play(),
  }
}

function policyFor({ completion }: Trace, stableForMs: number, blindTo?: Proof): Partial<CompletionPolicy> {
  const blind: Readonly<Record<Proof, Partial<CompletionPolicy>>> = {
    marker: { marker: null, ignore: [...defaultIgnore, '*.done', '*.json'] },
    xattr: { xattr: null },
    declared: { declaredSize: null },
    rename: { ignore: [] },
    holes: { holes: 'ignore' },
    cdmi: { cdmi: false },
    none: {},
  }
  return { stableForMs, ...completion, ...blind[blindTo ?? 'none'] }
}

class WatchedTrace {
  readonly #trace: Trace
  readonly #files: ShownFiles
  readonly #world: PipelineWorld
  readonly #start: number
  readonly #heard: Told[]
  #listedAt = 0

  constructor(trace: Trace, policy: Partial<CompletionPolicy>) {
    this.#trace = trace
    this.#files = new ShownFiles(trace)
    this.#heard = [...trace.told]
    this.#world = new PipelineWorld([aTrigger({ completion: policy })])
    this.#start = this.#world.clock.now()
    this.#world.answer = (request) => [this.#answer(request)]
  }

  async play(): Promise<readonly Fire[]> {
    await this.#list()
    const end = endOf(this.#trace) + patienceMs
    for (let at = this.#nextAt(); at <= end; at = this.#nextAt()) {
      await this.#world.clock.advance(at - this.#now)
      const down = this.#trace.down.find(([from, until]) => from <= at && at < until)
      if (down !== undefined) await this.#sleepThrough(down[1])
      else await this.#hear(at)
    }
    await this.#world.stop()
    const events = await this.#world.events()
    const complete = events.filter(({ kind }) => kind === 'complete')
    return complete.map(({ fileId: file, eventTime, size }) => ({ at: eventTime - this.#start, file, size }))
  }

  get #now(): number {
    return this.#world.clock.now() - this.#start
  }

  #nextAt(): number {
    const down = this.#trace.down.find(([, until]) => until > this.#now)
    const downAt = down === undefined ? Number.POSITIVE_INFINITY : Math.max(down[0], this.#now)
    return Math.min(this.#heard[0]?.at ?? Number.POSITIVE_INFINITY, this.#listedAt + reconcileMs, downAt)
  }

  async #hear(at: number): Promise<void> {
    if (this.#listedAt + reconcileMs <= at) await this.#list()
    while (this.#heard[0] !== undefined && this.#heard[0].at <= at) {
      const told = this.#heard.shift()
      if (told !== undefined) await this.#world.push([this.#observation(told)])
    }
  }

  /** The process ends, and begins again: it resumes the stream where it was, and lists everything. */
  async #sleepThrough(until: number): Promise<void> {
    await this.#world.stop()
    await this.#world.clock.advance(until - this.#now)
    this.#world.start()
    await this.#list()
    await this.#hear(until)
  }

  async #list(): Promise<void> {
    this.#listedAt = this.#now
    this.#world.real.clear()
    for (const file of this.#files.at(this.#now).values()) this.#world.real.set(file.file, this.#seen(file, 'scan'))
    await this.#world.scan()
  }

  #answer({ fileId, cdmi, distribution }: ReadRequest): ReadAnswer {
    const file = this.#files.at(this.#now).get(fileId)
    if (file === undefined) return { kind: 'gone', fileId, by: 'read' }
    const seen = this.#seen(file, 'read')
    const asked = {
      ...(cdmi ? { cdmiProcessing: file.processing === true } : {}),
      ...(distribution ? { heldElsewhere: file.heldElsewhere === true } : {}),
    }
    return { ...seen, facts: { ...seen.facts, ...asked } }
  }

  #seen({ file, path, size, mtime, ctime, localRate, xattrs = {} }: ShownFile, by: FileSeen['by']): FileSeen {
    const { xattr, declaredSize } = this.#trace.completion
    const asked = [...(xattr === undefined ? [] : [xattr.key]), ...(declaredSize === undefined ? [] : [declaredSize])]
    const facts = {
      size,
      mtime: this.#second(mtime),
      ...(ctime === undefined ? {} : { ctime: this.#second(ctime) }),
      ...(localRate === undefined ? {} : { localRate }),
      atOrigin: this.#trace.provider === 'origin',
      ...(asked.length === 0 ? {} : { xattrs: Object.fromEntries(asked.map((key) => [key, xattrs[key] ?? null])) }),
    }
    return { kind: 'file', fileId: file, dir: dirName(path), name: baseName(path), facts, by }
  }

  #observation({ at: _at, file: fileId, path, gone, mtime, ctime, ...rest }: Told): Observation {
    if (gone) return { kind: 'gone', fileId, by: 'events' }
    const facts: FileFacts = {
      ...rest,
      ...(mtime === undefined ? {} : { mtime: this.#second(mtime) }),
      ...(ctime === undefined ? {} : { ctime: this.#second(ctime) }),
      ...(rest.localRate === undefined ? {} : { atOrigin: this.#trace.provider === 'origin' }),
    }
    const place = path === undefined ? { dir: null, name: null } : { dir: dirName(path), name: baseName(path) }
    return { kind: 'file', fileId, ...place, facts, by: 'events' }
  }

  #second(value: number): number {
    return this.#start / 1_000 + value
  }
}
