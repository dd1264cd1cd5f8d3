import { isDeepStrictEqual } from 'node:util'
import type { Baseline } from '../core/baseline.ts'
import type { FileState, Phase } from '../core/file-state.ts'
import type { Observation } from '../core/observation.ts'
import type { ScanMark } from '../core/source.ts'
import type { Log } from '../lib/log.ts'
import { baselineCut } from './baseline-cut.ts'
import type { Ledger } from './ledger.ts'
import { RunningScan } from './running-scan.ts'
import type { TriggerStepper } from './trigger-stepper.ts'
import { isListedWhole, stillUnlisted } from './unlisted.ts'
import type { Changes } from './work-sheet.ts'

const notGone: readonly Phase[] = ['uploading', 'settling', 'stalled', 'complete']

/** What follows from full listings: what each trigger takes as known from before, and which files are not there any more. */
export class Scans {
  readonly #ledger: Ledger
  readonly #steppers: readonly TriggerStepper[]
  readonly #log: Log
  readonly #since: number
  #running: RunningScan | null = null

  /** `since`: when this process first tried to watch, by our clock. */
  constructor(ledger: Ledger, steppers: readonly TriggerStepper[], { log, since }: { log: Log; since: number }) {
    this.#ledger = ledger
    this.#steppers = steppers
    this.#log = log
    this.#since = since
  }

  /** In turn. A trigger that has no baseline yet begins it now; one that was broken off keeps its cut. */
  async begin({ scan, serverTimeMs }: ScanMark & { kind: 'begin' }): Promise<void> {
    const { now, wall } = this.#ledger.moment()
    const known = new Set<string>()
    for (const { trigger } of this.#steppers) {
      const page = await this.#ledger.page(trigger.name, notGone, null, 1)
      if (page.length > 0) known.add(trigger.name)
    }
    this.#running = new RunningScan(scan, now, known)
    const triggers = this.#steppers.filter(({ baseline }) => baseline === null).map(({ trigger }) => trigger)
    if (triggers.length === 0) return
    const names = triggers.map(({ name }) => name)
    const tries = await this.#ledger.stored((store) => store.noteFirstTries(names, this.#since))
    const baselines = triggers.map(({ name, existing }): Baseline => {
      // By an earlier process perhaps; if its clock was ahead of ours, this one's own try counts.
      const firstTry = Math.min(tries.get(name) ?? this.#since, this.#since)
      // What came while the provider could not be reached yet is not from before.
      const beganAt = (serverTimeMs ?? wall) - (now - firstTry)
      return { trigger: name, state: 'scanning', cutMs: baselineCut(existing, beganAt) }
    })
    await this.#commitBaselines(baselines)
  }

  /** Every observation that comes while a listing is under way. */
  note(observations: readonly Observation[]): void {
    this.#running?.note(observations)
  }

  noteCommitted(changes: readonly Changes[]): void {
    for (const { trigger, states } of changes)
      this.#running?.countKnown(trigger, states.filter(isKnownFromBefore).length)
  }

  /** Takes its own turns. A complete listing proves what is missing, and ends the baselines that were under way. */
  async end({ scan: number, complete, unreadable }: ScanMark & { kind: 'end' }): Promise<void> {
    const scan = this.#running
    if (scan === null || scan.number !== number) return
    if (complete) {
      for (const stepper of this.#steppers) await this.#noteMissing(stepper, scan, unreadable)
      await this.#ledger.inTurn(() => this.#endBaselines(scan, unreadable))
    }
    if (this.#running === scan) this.#running = null
  }

  /** Page by page, so that neither the stream nor the reads wait for a million files to be compared. */
  async #noteMissing(stepper: TriggerStepper, scan: RunningScan, unreadable: readonly string[]): Promise<void> {
    const { name } = stepper.trigger
    if (!scan.knewFilesOf(name)) return
    const next = (after: string | null) =>
      this.#ledger.inTurn(async () => {
        const page = await this.#ledger.page(name, notGone, after)
        const current = page.map((state) => this.#ledger.pending.get(name, state.fileId) ?? state)
        await this.#miss(
          stepper,
          current.filter((state) => scan.lacks(state, unreadable)),
        )
        return page.at(-1)?.fileId ?? null
      })
    for (let after = await next(null); after !== null; ) after = await next(after)
  }

  async #miss(stepper: TriggerStepper, states: readonly FileState[]): Promise<void> {
    if (states.length === 0) return
    const sheet = await this.#ledger.sheet(stepper, [], states)
    const moment = this.#ledger.moment()
    for (const state of states) sheet.apply(stepper.missed(state, sheet, moment))
    await this.#ledger.commit([sheet.changes()])
  }

  async #endBaselines(scan: RunningScan, unreadable: readonly string[]): Promise<void> {
    const next = this.#steppers.flatMap(({ trigger, baseline }): readonly Baseline[] => {
      if (baseline?.state !== 'scanning') return []
      const { unlisted: before, ...rest } = baseline
      if (isListedWhole(trigger.folder, unreadable)) return [{ ...rest, state: 'done' }]
      const unlisted = stillUnlisted(before, unreadable)
      return isDeepStrictEqual(unlisted, before) ? [] : [{ ...rest, unlisted }]
    })
    await this.#commitBaselines(next)
    for (const { trigger, state } of next) {
      if (state !== 'done') continue
      const fields = { trigger, known: scan.knownFromBefore(trigger) }
      this.#log.info(fields, 'the first listing is done: files from before are known and do not fire')
    }
  }

  async #commitBaselines(baselines: readonly Baseline[]): Promise<void> {
    if (baselines.length === 0) return
    await this.#ledger.commit([], undefined, baselines)
    const byTrigger = new Map(baselines.map((baseline) => [baseline.trigger, baseline]))
    for (const stepper of this.#steppers) stepper.baseline = byTrigger.get(stepper.trigger.name) ?? stepper.baseline
  }
}

function isKnownFromBefore({ state, before }: Changes['states'][number]): boolean {
  return before === undefined && state.evidence?.rung === 'baseline'
}
