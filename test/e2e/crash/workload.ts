import { type Clock, sleep } from '../../../src/lib/clock.ts'
import type { Random } from '../../../src/lib/random.ts'
import type { SpaceModel } from '../../../src/simulator/model/space-model.ts'
import type { Oracle, Revision } from './oracle.ts'

export interface WorkloadOptions {
  /** Where people work at this moment; several show the same files. */
  readonly model: () => SpaceModel
  readonly oracles: readonly Oracle[]
  readonly clock: Clock
  readonly random: Random
  /** A directory takes this many files, then the next one is made. */
  readonly perDirectory: number
  /** Whether each file is deleted in the end, once it was told, and directories are used again: what is there stays small then. */
  readonly tidies: boolean
}

const never = new AbortController().signal
/** Between the first bytes of a file and the last: less than a file has to be quiet. */
const writingMs = 300
/** Until somebody comes back to a file without looking whether it was told. */
const hastyMs = 1_500
const lookMs = 250
const reusedDirectories = 20
/** Shares of what becomes of files once they are there; the rest is left alone. */
const fates = { overwritten: 0.1, hastilyOverwritten: 0.05, deleted: 0.04, hastilyDeleted: 0.02, moved: 0.05 }

/** People at work in the folder `in`: they upload, rename into place, overwrite, move and delete, and the oracles know what they finished. */
export class Workload {
  readonly #options: WorkloadOptions
  readonly #stories = new Set<Promise<void>>()
  /** Ends the patience of those who wait for a file to be told. */
  readonly #over = new AbortController()
  #begun = 0
  #failure: { readonly error: unknown } | null = null

  constructor(options: WorkloadOptions) {
    this.#options = options
  }

  /** Files begun so far. */
  get begun(): number {
    return this.#begun
  }

  get #model(): SpaceModel {
    return this.#options.model()
  }

  /** Begins one more file; what becomes of it goes on by itself. */
  begin(): void {
    const story = this.#story(this.#begun)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#stories.delete(story))
    this.#stories.add(story)
    this.#begun += 1
  }

  /** Nobody waits any longer; resolves when all is quiet, rejects with the first thing that went wrong. */
  async end(): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#stories)
    if (this.#failure !== null) throw this.#failure.error
  }

  async #story(index: number): Promise<void> {
    const { random, perDirectory, tidies } = this.#options
    const number = Math.floor(index / perDirectory) % (tidies ? reusedDirectories : Number.POSITIVE_INFINITY)
    const directory = `in/${String(number).padStart(4, '0')}`
    if (index % perDirectory === 0) this.#model.mkdir(directory)
    const path = `${directory}/file-${String(index).padStart(7, '0')}.dat`
    await (random() < 0.1 ? this.#renameIntoPlace(path) : this.#upload(path))
    const left = await this.#fate(path)
    if (tidies && left !== null && (await this.#told(left))) this.#remove(left)
  }

  async #upload(path: string): Promise<void> {
    const { random } = this.#options
    this.#model.create(path, 1 + Math.floor(random() * 1_000))
    await this.#pause(writingMs)
    this.#model.write(path, 1_000)
    this.#model.sync(path)
    this.#finish(path)
  }

  async #renameIntoPlace(path: string): Promise<void> {
    const { random } = this.#options
    this.#model.create(`${path}.part`, 1 + Math.floor(random() * 1_000))
    await this.#pause(writingMs)
    this.#model.move(`${path}.part`, path)
    this.#finish(path)
  }

  /** Gives where the file is in the end; null = nowhere. */
  async #fate(path: string): Promise<string | null> {
    switch (this.#drawn()) {
      case 'overwritten':
        if (await this.#told(path)) await this.#overwrite(path, 5_000)
        if (await this.#told(path)) await this.#overwrite(path, 9_000)
        return path
      case 'hastilyOverwritten':
        await this.#pause(hastyMs)
        await this.#overwrite(path, 5_000)
        return path
      case 'deleted':
        if (!(await this.#told(path))) return path
        this.#remove(path)
        return null
      case 'hastilyDeleted':
        await this.#pause(hastyMs)
        this.#remove(path)
        return null
      case 'moved':
        // The same version under another name: nothing is to be told.
        if (!(await this.#told(path))) return path
        this.#model.move(path, `${path}.moved`)
        return `${path}.moved`
      case null:
        return path
    }
  }

  #drawn(): keyof typeof fates | null {
    let left = this.#options.random()
    // The keys of the table.
    for (const fate of Object.keys(fates) as (keyof typeof fates)[]) {
      left -= fates[fate]
      if (left < 0) return fate
    }
    return null
  }

  async #overwrite(path: string, size: number): Promise<void> {
    this.#giveUp(path)
    this.#model.truncate(path, 0)
    this.#model.write(path, size / 2, 0)
    await this.#pause(writingMs)
    this.#model.write(path, size / 2)
    this.#model.sync(path)
    this.#finish(path)
  }

  #remove(path: string): void {
    this.#giveUp(path)
    this.#model.remove(path)
  }

  #finish(path: string): void {
    const revision = this.#at(path)
    for (const oracle of this.#options.oracles) oracle.finish(revision, path)
  }

  #giveUp(path: string): void {
    const revision = this.#at(path)
    for (const oracle of this.#options.oracles) oracle.giveUp(revision)
  }

  /** Waits until the file was told to all; false = the end came first. */
  async #told(path: string): Promise<boolean> {
    const { clock, oracles } = this.#options
    const revision = this.#at(path)
    while (!oracles.every((oracle) => oracle.isTold(revision))) {
      if (this.#over.signal.aborted) return false
      await sleep(clock, lookMs, this.#over.signal).catch(() => {})
    }
    return true
  }

  #pause(ms: number): Promise<void> {
    return sleep(this.#options.clock, ms, never)
  }

  #at(path: string): Revision {
    const stat = this.#model.stat(path)
    if (stat === null) throw new Error(`${path} is not there`)
    const { fileId, size, mtime } = stat
    return { fileId, size, mtime }
  }
}
