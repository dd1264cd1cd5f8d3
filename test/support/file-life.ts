import { type Input, type Situation, type Step, stepCompletion, type Verdict } from '../../src/core/completion.ts'
import type { MarkerSeen } from '../../src/core/evidence.ts'
import type { FileState } from '../../src/core/file-state.ts'
import { createMatcher } from '../../src/core/matching.ts'
import { baseName, dirName, type FileFacts, type FileSeen } from '../../src/core/observation.ts'
import type { Trigger } from '../../src/core/trigger.ts'
import { aTrigger } from './builders.ts'

/** One file as it really is, and what one trigger makes of what it is told. No pipeline: time, reads and observations are made by hand. */
export class FileLife {
  readonly trigger: Trigger
  /** Milliseconds since the epoch. */
  now = 1_000_000_000_000
  path = 'in/a.avi'
  facts: FileFacts = { size: 0, mtime: 1_000_000_000, ctime: 1_000_000_000 }
  exists = true
  marker: MarkerSeen | null = null
  isReadable = true
  state: FileState | null = null
  premature = 0
  readonly reads: number[] = []
  readonly fires: (Verdict & { kind: 'fire' })[] = []
  readonly stalls: (Verdict & { kind: 'stalled' })[] = []
  readonly steps: { readonly at: number; readonly input: Input; readonly step: Step }[] = []
  readonly #matcher

  constructor(overrides: Parameters<typeof aTrigger>[0] = {}) {
    this.trigger = aTrigger(overrides)
    this.#matcher = createMatcher(this.trigger)
  }

  /** Whole seconds since the epoch. */
  get second(): number {
    return Math.floor(this.now / 1_000)
  }

  /** Bytes arrive; nobody is told. */
  write(size: number): this {
    this.facts = { ...this.facts, size, mtime: this.second, ctime: this.second }
    return this
  }

  set(facts: FileFacts): this {
    this.facts = { ...this.facts, ...facts }
    return this
  }

  rename(path: string): this {
    this.path = path
    this.facts = { ...this.facts, ctime: this.second }
    return this
  }

  /** What a listing would tell now. */
  look(facts: FileFacts = this.facts, by: FileSeen['by'] = 'events'): FileSeen {
    return { kind: 'file', fileId: 'f1', dir: dirName(this.path), name: baseName(this.path), facts, by }
  }

  /** Somebody tells how the file is now, in whole or in part. */
  tell(facts: FileFacts = this.facts): this {
    return this.step({ kind: 'seen', seen: this.look(facts) })
  }

  step(input: Input): this {
    const step = stepCompletion(this.state, input, this.situation())
    this.steps.push({ at: this.now, input, step })
    this.state = step.state
    if (step.premature) this.premature += 1
    if (step.verdict.kind === 'fire') this.fires.push(step.verdict)
    if (step.verdict.kind === 'stalled') this.stalls.push(step.verdict)
    if (step.verdict.kind === 'read') this.#answer()
    return this
  }

  /** Time passes; whatever falls due is read as it is then. */
  pass(ms: number): this {
    const end = this.now + ms
    for (let wakeAt = this.#wakeAt(); wakeAt !== null && wakeAt <= end; wakeAt = this.#wakeAt()) {
      this.now = Math.max(this.now, wakeAt)
      this.step({ kind: 'tick' })
      if (this.steps.length > 100_000) throw new Error('the file is looked at without end')
    }
    this.now = end
    return this
  }

  situation(): Situation {
    return {
      now: this.now,
      spaceId: 'space1',
      trigger: this.trigger,
      isTemporary: (path) => this.#matcher.role(path).kind === 'temporary',
      markerOf: () => this.marker,
    }
  }

  #wakeAt(): number | null {
    return this.state?.wakeAt ?? null
  }

  #answer(): void {
    this.reads.push(this.now)
    if (!this.isReadable) this.step({ kind: 'unavailable' })
    else if (this.exists) this.step({ kind: 'read', seen: this.look(this.facts, 'read') })
    else this.step({ kind: 'gone' })
  }
}
