import { baseName, dirName } from '../../../src/core/observation.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { PosixError } from '../../../src/simulator/model/posix-error.ts'
import type { SpaceModel } from '../../../src/simulator/model/space-model.ts'
import { directories, type FileAct, names } from './scenario.ts'

/** One version of a file that nobody will write any further. */
export interface Revision {
  readonly fileId: string
  readonly size: number
  readonly mtime: number
}

/** Somebody who works with the files of the space, and knows which versions of them were ever finished. */
export class Author {
  readonly #model: SpaceModel
  readonly #clock: Clock
  readonly #finished = new Map<string, number>()
  /** Uploads under way, by file id. */
  readonly #writing = new Set<string>()
  /** Files that will come back. */
  #away = 0
  /** Changes of files and directories that were really made. */
  changes = 0
  /** What was begun, whatever came of it: an upload in many pieces is one. */
  acts = 0

  constructor(model: SpaceModel, clock: Clock) {
    this.#model = model
    this.#clock = clock
  }

  get isWriting(): boolean {
    return this.#writing.size + this.#away > 0
  }

  /** When a version was finished, milliseconds since the epoch; null = it never was. */
  finishedAt(revision: Revision): number | null {
    return this.#finished.get(keyOf(revision)) ?? null
  }

  /** What the act cannot do (the file is not there, something is in the way) it leaves. */
  do(act: FileAct): void {
    try {
      this.#do(act)
    } catch (error) {
      if (!(error instanceof PosixError)) throw error
    }
  }

  #do(act: FileAct): void {
    const path = 'name' in act ? pathOf(act.dir, act.name) : directoryOf(act.dir)
    this.acts += 1
    if (act.kind === 'upload') this.#upload(path, act)
    else if (act.kind === 'overwrite' || act.kind === 'append' || act.kind === 'touch') this.#rewrite(path, act)
    else if (act.kind === 'away') this.#sendAway(path, act.forMs)
    else this.#arrange(path, act)
  }

  #sendAway(path: string, forMs: number): void {
    const elsewhere = `away-${this.acts}.dat`
    this.#model.move(path, elsewhere)
    this.changes += 1
    this.#away += 1
    this.#clock.timer(forMs, () => {
      this.#away -= 1
      const fileId = this.#model.stat(elsewhere)?.fileId
      // Somebody may have put another one into its place.
      if (fileId !== undefined && this.#model.stat(path) === null)
        this.#attempt(fileId, (at) => this.#model.move(at, path))
    })
  }

  #rewrite(path: string, act: FileAct & { kind: 'overwrite' | 'append' | 'touch' }): void {
    // Cut off under somebody who goes on behind the cut, it would have a hole, which forbids firing for an hour.
    if (act.kind === 'overwrite' && this.#writing.has(this.#model.stat(path)?.fileId ?? '')) return
    if (act.kind === 'touch') this.#model.setTimes(path, { mtime: Math.floor(this.#clock.now() / 1_000) })
    else if (act.kind === 'overwrite') this.#model.overwrite(path, act.bytes)
    else this.#model.write(path, act.bytes)
    this.#model.sync(path)
    this.changes += 1
    this.#finish(path)
  }

  #arrange(path: string, act: FileAct & { kind: 'move' | 'moveDir' | 'mkdir' | 'remove' | 'rmdir' }): void {
    if (act.kind === 'move') this.#model.move(path, pathOf(act.toDir, act.toName))
    else if (act.kind === 'moveDir') this.#model.move(path, `${directoryOf(act.toDir)}/${baseName(path)}`)
    else if (act.kind === 'mkdir') this.#model.mkdir(path)
    else this.#model.remove(path)
    this.changes += 1
  }

  #upload(path: string, act: FileAct & { kind: 'upload' }): void {
    const first = act.temporary ? `${path}.part` : path
    // Two who write the same file at once finish it when both do; one of them may pause for longer than anybody can know.
    if (this.#writing.has(this.#model.stat(first)?.fileId ?? '')) return
    this.#model.mkdir(dirName(path))
    if (this.#model.stat(first) === null) this.#model.create(first)
    else this.#model.truncate(first, 0)
    const fileId = this.#model.stat(first)?.fileId ?? ''
    this.#writing.add(fileId)
    this.#writePiece(fileId, path, act, 0)
  }

  #writePiece(fileId: string, path: string, act: FileAct & { kind: 'upload' }, piece: number): void {
    const isThere = this.#attempt(fileId, (at) => this.#model.write(at, act.bytes, piece * act.bytes))
    if (isThere && piece + 1 < act.pieces) {
      this.#clock.timer(act.pauseMs, () => this.#writePiece(fileId, path, act, piece + 1))
      return
    }
    if (isThere) this.#attempt(fileId, (at) => this.#model.sync(at))
    if (isThere && act.temporary) this.#attempt(fileId, (at) => this.#model.move(at, path))
    this.#writing.delete(fileId)
    this.#attempt(fileId, (at) => this.#finish(at))
  }

  /** Does something to a file wherever it is by now; false where it is gone. */
  #attempt(fileId: string, work: (path: string) => void): boolean {
    const path = this.#model.pathOf(fileId)
    if (path === null) return false
    try {
      work(path)
      this.changes += 1
      return true
    } catch (error) {
      if (!(error instanceof PosixError)) throw error
      return false
    }
  }

  #finish(path: string): void {
    const stat = this.#model.stat(path)
    if (stat === null || stat.type !== 'REG' || this.#writing.has(stat.fileId)) return
    const key = keyOf(stat)
    if (!this.#finished.has(key)) this.#finished.set(key, this.#clock.now())
  }
}

export function keyOf({ fileId, size, mtime }: Revision): string {
  return `${fileId} ${size} ${mtime}`
}

function directoryOf(dir: number): string {
  return directories[dir] ?? 'in'
}

function pathOf(dir: number, name: number): string {
  return `${directoryOf(dir)}/${names[name] ?? 'f0.dat'}`
}
