import type { Clock } from '../../src/lib/clock.ts'
import type { Random } from '../../src/lib/random.ts'
import type { SpaceModel } from '../../src/simulator/model/space-model.ts'

/** What is told of a file by whoever makes it. */
export interface LifeRecord {
  /** Nothing more will be written into this version. */
  finished(fileId: string): void
  /** The file is deleted; what it was is to be reported all the same. */
  deleted(fileId: string): void
}

export interface LifeParts {
  readonly model: SpaceModel
  readonly clock: Clock
  readonly random: Random
  readonly record: LifeRecord
}

/** Shorter than the quiet period of 20 s, whatever the provider holds back. */
const longestPauseMs = 15_000
/** Under a temporary name a pause may be as long as it likes. */
const longestTemporaryPauseMs = 120_000
/** A finished file is left alone for so long that it is reported before anything else becomes of it. */
const restMs = 45_000

/** Lets one file live: it is uploaded in one of several ways, perhaps overwritten or moved, and deleted. */
export function liveOneLife(path: string, { model, clock, random, record }: LifeParts): void {
  const later = (ms: number, run: () => void) => void clock.timer(ms, run)
  const isTemporary = random() < 0.1
  const first = isTemporary ? `${path}.part` : path
  const pieces = random() < 0.7 ? 1 : 2 + Math.floor(random() * 3)
  const fileId = model.create(first)

  const writePiece = (piece: number) => {
    model.write(first, 1 + Math.floor(random() * 100_000))
    if (piece === pieces) complete()
    else later(random() * (isTemporary ? longestTemporaryPauseMs : longestPauseMs), () => writePiece(piece + 1))
  }
  const complete = () => {
    model.sync(first)
    if (isTemporary) model.move(first, path)
    record.finished(fileId)
    later(restMs, afterwards)
  }
  const afterwards = () => {
    const next = random()
    const last = next < 0.1 ? `${path}.moved` : path
    if (last !== path) model.move(path, last)
    if (next > 0.9) {
      model.overwrite(path, 1 + Math.floor(random() * 100_000))
      record.finished(fileId)
    }
    later(restMs, () => remove(last))
  }
  const remove = (at: string) => {
    model.remove(at)
    record.deleted(fileId)
  }
  writePiece(1)
}
