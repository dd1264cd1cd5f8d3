import type { FileState } from '../core/file-state.ts'
import type { Observation } from '../core/observation.ts'
import type { ReadAnswer, ReadRequest } from '../core/source.ts'
import type { Clock } from '../lib/clock.ts'
import { Alarm } from './alarm.ts'
import type { Announcer } from './announcer.ts'
import type { Ledger } from './ledger.ts'
import type { PipelineMeter } from './meter.ts'
import type { TriggerStepper } from './trigger-stepper.ts'
import type { Changes } from './work-sheet.ts'

export interface DueReaderOptions {
  readonly sourceName: string
  /** `SpaceWatch.readable`; absent: always. */
  readonly readable?: (signal: AbortSignal) => Promise<void>
  /** `SpaceWatch.read`. */
  readonly read: (requests: readonly ReadRequest[], signal: AbortSignal) => Promise<readonly ReadAnswer[]>
  readonly clock: Clock
  readonly meter: PipelineMeter
}

/** Files read together: enough to find many in one directory, few enough to be answered soon. */
const readTogether = 1_000
/** Reads under way at once: one that hangs must not hold up the others. */
const readsAtOnce = 4
/**
 * A further read waits this long for the one before: what falls due meanwhile is read together, which costs fewer requests and comes sooner than many
 * small reads that wait for each other at the provider's limit.
 */
const patienceMs = 250

/** One read under way: what was asked, and about which state of which trigger. */
interface Reading {
  readonly requests: readonly ReadRequest[]
  readonly asked: ReadonlyMap<TriggerStepper, ReadonlyMap<string, FileState>>
}

/** Waits for files that fall due, has them read afresh, and hands the answers on. */
export class DueReader {
  readonly #options: DueReaderOptions
  readonly #ledger: Ledger
  readonly #announcer: Announcer
  readonly #steppers: readonly TriggerStepper[]
  /** Extended attributes that some trigger looks at. */
  readonly #xattrs: readonly string[]
  readonly #alarm: Alarm
  readonly #readings = new Set<Promise<void>>()
  /** When the last read began. */
  #beganAt = 0

  constructor(
    options: DueReaderOptions,
    parts: {
      readonly ledger: Ledger
      readonly announcer: Announcer
      readonly steppers: readonly TriggerStepper[]
      readonly xattrs: readonly string[]
    },
  ) {
    this.#options = options
    this.#ledger = parts.ledger
    this.#announcer = parts.announcer
    this.#steppers = parts.steppers
    this.#xattrs = parts.xattrs
    this.#alarm = new Alarm(options.clock)
    this.#ledger.onCommit = () => this.#alarm.ring()
  }

  /** Resolves when the ledger's signal aborts and no read is under way any more. */
  async run(): Promise<void> {
    const { pending, signal } = this.#ledger
    try {
      while (!signal.aborted) {
        const nextAt = pending.nextAt()
        const freeAt = this.#freeAt()
        const at = nextAt === null || freeAt === null ? null : Math.max(nextAt, freeAt)
        if (at !== null && at <= this.#options.clock.now()) await this.#beginWhenReadable(signal)
        else await this.#alarm.until(at, signal)
      }
    } finally {
      await Promise.allSettled(this.#readings)
    }
  }

  /** When the next read may begin; null = when one of those under way has ended. */
  #freeAt(): number | null {
    if (this.#readings.size === 0) return 0
    return this.#readings.size < readsAtOnce ? this.#beganAt + patienceMs : null
  }

  /** What is read is chosen at the last moment: so that what falls due while the source has no place for a read goes with it. */
  async #beginWhenReadable(signal: AbortSignal): Promise<void> {
    try {
      await this.#options.readable?.(signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
    if (!signal.aborted) await this.#begin()
  }

  async #begin(): Promise<void> {
    this.#beganAt = this.#options.clock.now()
    const reading = await this.#ledger.inTurn(() => this.#wakeDue())
    if (reading.requests.length === 0) return
    const done = this.#read(reading)
      .catch((error: unknown) => this.#ledger.fail(error))
      .finally(() => {
        this.#readings.delete(done)
        this.#alarm.ring()
      })
    this.#readings.add(done)
  }

  async #read({ requests, asked }: Reading): Promise<void> {
    const answers = await this.#options.read(requests, this.#ledger.signal)
    this.#options.meter.observed(this.#options.sourceName, 'read', answers.length)
    const byFile = new Map(answers.map((answer) => [answer.fileId, answer]))
    await this.#ledger.inTurn(() => this.#take(byFile, asked))
  }

  async #wakeDue(): Promise<Reading> {
    const moment = this.#ledger.moment()
    const due = this.#ledger.pending.takeDue(moment.now, readTogether)
    const requests = new Map<string, ReadRequest>()
    const asked = new Map<TriggerStepper, Map<string, FileState>>()
    for (const stepper of this.#steppers) {
      const own = due.filter((state) => state.trigger === stepper.trigger.name)
      if (own.length === 0) continue
      const sheet = await this.#ledger.sheet(stepper, [], own)
      const states = new Map<string, FileState>()
      for (const { state, read } of own.flatMap((each) => stepper.due(each, sheet, moment))) {
        if (state === undefined) continue
        // Not stored: only the time of the next look has moved, and a restart works that out anew.
        this.#ledger.pending.put(state)
        if (read === undefined) continue
        states.set(state.fileId, state)
        requests.set(state.fileId, this.#request(state, read.distribution, stepper, requests.get(state.fileId)))
        this.#announcer.step({ state })
      }
      asked.set(stepper, states)
    }
    return { requests: [...requests.values()], asked }
  }

  #request(
    { fileId, path }: FileState,
    distribution: boolean,
    { trigger }: TriggerStepper,
    other: ReadRequest | undefined,
  ): ReadRequest {
    return {
      fileId,
      path,
      xattrs: this.#xattrs,
      cdmi: trigger.completion.cdmi || other?.cdmi === true,
      distribution: distribution || other?.distribution === true,
    }
  }

  async #take(answers: ReadonlyMap<string, ReadAnswer>, asked: Reading['asked']): Promise<void> {
    const changes: Changes[] = []
    for (const [stepper, states] of asked) {
      const own = [...states.keys()].map((fileId) => answers.get(fileId) ?? unanswered(fileId))
      const sheet = await this.#ledger.sheet(stepper, own.filter(isObservation), [...states.values()])
      const moment = this.#ledger.moment()
      for (const answer of own) {
        const state = sheet.get(answer.fileId)
        // What was heard since it was asked is newer than the answer, and has given the file a new time to be read.
        const isCurrent = state !== undefined && state === states.get(answer.fileId)
        if (isCurrent) sheet.apply(stepper.answered(answer, state, sheet, moment))
      }
      changes.push(sheet.changes())
    }
    await this.#ledger.commit(changes)
  }
}

/** A source owes an answer to each request; one that it forgot must not leave the file waiting for ever. */
function unanswered(fileId: string): ReadAnswer {
  return { kind: 'unavailable', fileId, reason: 'the source did not answer' }
}

function isObservation(answer: ReadAnswer): answer is Observation {
  return answer.kind !== 'unavailable'
}
