import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import type { Cancel, Clock } from '../../lib/clock.ts'

/** Copies SQLite's write-ahead log into the database while others commit. */
export interface Checkpointer {
  /** Deliveries leave: for a while, what holds up commits holds them up. */
  delivers(): void
  /**
   * To be called between commits. Null: go on. Otherwise nothing may be committed before it resolves, so that the log is copied whole and begins anew.
   * Never rejects.
   */
  next(): Promise<void> | null
  /** Ends the thread, after the checkpoint that is under way. */
  close(): Promise<void>
}

export interface CheckpointerOptions {
  readonly path: string
  readonly clock: Clock
  /** Rows written until the next checkpoint, 2,000 by default: about as many pages of the log. */
  readonly everyRows?: number
  /** Pages of the log from which it is to begin anew, 8,192 by default: 32 MB. */
  readonly longLog?: number
}

/** What `PRAGMA wal_checkpoint` says, in pages: of the log, and of these copied; -1 = it could not. */
interface Progress {
  readonly log: number
  readonly checkpointed: number
}

const noProgress: Progress = { log: 0, checkpointed: -1 }

const [defaultEveryRows, defaultLongLog] = [2_000, 8_192]
/** From so many pages on SQLite itself copies the log, inside a commit: without the thread, and with one that is late. */
const [ownPace, longestLog] = [1_000, 65_536]
/** A thread takes 8 MB: it starts when the rows for a checkpoint are written so fast, and ends when it had nothing to do for so long. */
const [busyMs, idleMs] = [5_000, 10_000]

/** From these on, of each line, SQLite lets one connection checkpoint while another commits and loses nothing (https://sqlite.org/wal.html#walresetbug). */
const soundVersions = [
  [3, 44, 6],
  [3, 50, 7],
  [3, 51, 3],
] as const

/** Whether this version of SQLite (`process.versions.sqlite`) may checkpoint beside commits. */
export function checkpointsBeside(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const line = soundVersions.find((sound) => sound[0] === major && sound[1] === minor)
  if (line !== undefined) return patch >= line[2]
  return major > 3 || (major === 3 && minor > 51)
}

/** Plain JavaScript, and started from this text: so it is the same from sources, from a bundle, and in every folder. */
const thread = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { DatabaseSync } = require('node:sqlite')
  const database = new DatabaseSync(workerData)
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -256')
  const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  const none = { log: 0, checkpointed: -1 }
  // On a full disk commits fail too, and say so; what could not be copied is copied the next time.
  const copy = () => {
    try {
      const { busy, log, checkpointed } = checkpoint.get()
      return busy === 1 ? none : { log, checkpointed }
    } catch {
      return none
    }
  }
  parentPort.on('message', () => parentPort.postMessage(copy()))
`

/**
 * A checkpoint inside `COMMIT`, where SQLite makes it by itself, holds up the process for two syncs and a thousand written pages. Here a thread makes it,
 * over a connection of its own, when there is much to do. Because commits go on meanwhile, such a checkpoint never ends at the end of the log; when
 * that has grown long, a last one is made while no commit begins, for the few pages that are left, and the log begins anew.
 */
export function createCheckpointer(database: DatabaseSync, options: CheckpointerOptions): Checkpointer {
  return new ThreadCheckpointer(database, options)
}

class ThreadCheckpointer implements Checkpointer {
  readonly #database: DatabaseSync
  readonly #options: CheckpointerOptions
  readonly #everyRows: number
  readonly #longLog: number
  readonly #rows: () => number
  #worker: Worker | null = null
  #running: Promise<void> | null = null
  #rowsCopied: number
  #copiedAt: number
  #deliveredAt = Number.NEGATIVE_INFINITY
  #log = 0
  /** The log is to begin anew when it is so long. */
  #holdAt: number
  /** Closed, or the thread cannot work. */
  #ended = false
  #cancelIdle: Cancel = () => {}

  constructor(database: DatabaseSync, options: CheckpointerOptions) {
    this.#database = database
    this.#options = options
    this.#everyRows = options.everyRows ?? defaultEveryRows
    this.#longLog = options.longLog ?? defaultLongLog
    this.#holdAt = this.#longLog
    const changes = database.prepare('SELECT total_changes() AS rows')
    this.#rows = () => Number(changes.get()?.rows)
    this.#rowsCopied = this.#rows()
    this.#copiedAt = options.clock.now()
  }

  delivers(): void {
    this.#deliveredAt = this.#options.clock.now()
  }

  next(): Promise<void> | null {
    if (this.#running !== null || this.#ended) return null
    const rows = this.#rows()
    const holds = this.#log >= this.#holdAt
    if (!holds && rows - this.#rowsCopied < this.#everyRows) return null
    const now = this.#options.clock.now()
    const isBusy = now - Math.min(this.#copiedAt, this.#deliveredAt) < busyMs
    this.#rowsCopied = rows
    this.#copiedAt = now
    if (this.#worker === null && !isBusy) return null
    this.#running = this.#checkpoint(holds)
    return holds ? this.#running : null
  }

  async close(): Promise<void> {
    this.#ended = true
    await this.#running
    this.#cancelIdle()
    await this.#endThread()
  }

  async #checkpoint(holds: boolean): Promise<void> {
    this.#cancelIdle()
    const { log, checkpointed } = await this.#ask()
    this.#running = null
    const isWhole = holds && checkpointed === log
    this.#log = isWhole ? 0 : log
    // Somebody may still read what is older; then it is tried again when the log has grown as much again.
    if (holds) this.#holdAt = isWhole ? this.#longLog : log + this.#longLog
    if (!this.#ended) this.#cancelIdle = this.#options.clock.timer(idleMs, () => void this.#endThread())
  }

  async #ask(): Promise<Progress> {
    try {
      this.#worker ??= this.#start()
    } catch {
      // The system gives this process no further thread.
      this.#giveUp()
      return noProgress
    }
    const worker = this.#worker
    // Whoever waits for it must not find the process ended.
    worker.ref()
    return new Promise((resolve) => {
      const end = (progress: Progress) => {
        worker.off('message', end).off('exit', endWithout).unref()
        resolve(progress)
      }
      const endWithout = () => end(noProgress)
      worker.on('message', end).on('exit', endWithout).postMessage(null)
    })
  }

  #start(): Worker {
    const worker = new Worker(thread, {
      eval: true,
      workerData: this.#options.path,
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
      // Options of this process are not meant for it.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: {},
    })
    worker.on('error', () => this.#giveUp())
    this.#pace(longestLog)
    return worker
  }

  /** From now on SQLite does it as it always does: inside commits, but it does. */
  #giveUp(): void {
    this.#ended = true
    this.#pace(ownPace)
  }

  #pace(pages: number): void {
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${pages}`)
  }

  async #endThread(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    this.#pace(ownPace)
    await worker?.terminate()
  }
}
