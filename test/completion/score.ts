import type { Fire, Player } from './players/player.ts'
import type { Revision, Trace } from './trace.ts'

/** A revision that is told of later than this after it could be known is late. */
export const lateAfterMs = 60_000

/** What a player made of some traces. */
export interface Score {
  /** Revisions that somebody waits for. */
  readonly revisions: number
  /** Uploads of which somebody was told too early: while the file was under way, replaced or never whole. */
  readonly early: number
  /** How often that was. */
  readonly earlyEvents: number
  /** Told of again, although nothing was new. */
  readonly extra: number
  readonly late: number
  /** Never told of once they were whole. */
  readonly missed: number
  /** From when it could be known to when it was told, milliseconds; early and missed ones do not count. */
  readonly delaysMs: readonly number[]
}

/** A trace and what one player made of it. */
export interface Judged {
  readonly trace: Trace
  readonly fires: readonly Fire[]
  readonly score: Score
}

export async function judgeAll(player: Player, traces: readonly Trace[]): Promise<readonly Judged[]> {
  const judged: Judged[] = []
  for (const trace of traces) {
    const fires = await player.play(trace)
    judged.push({ trace, fires, score: judge(trace, fires) })
  }
  return judged
}

export function judge({ truth }: Trace, fires: readonly Fire[]): Score {
  const told = new Map<Revision, Fire[]>()
  let earlyEvents = 0
  for (const fire of fires) {
    const revision = truth.find((each) => isOf(fire, each))
    if (revision === undefined) earlyEvents += 1
    else told.set(revision, [...(told.get(revision) ?? []), fire])
  }
  const firsts = [...told].map(([{ due }, [first]]) => Math.max(0, (first?.at ?? 0) - due))
  return {
    revisions: truth.filter(({ brief }) => !brief).length,
    early: Math.min(1, earlyEvents),
    earlyEvents,
    extra: [...told.values()].reduce((sum, each) => sum + each.length - 1, 0),
    late: firsts.filter((delay) => delay > lateAfterMs).length,
    missed: truth.filter((revision) => !revision.brief && !told.has(revision)).length,
    delaysMs: firsts,
  }
}

/** Whether whoever was told fetches this revision, whole. */
function isOf({ file, at, size }: Fire, revision: Revision): boolean {
  const isThere = at >= revision.from && (revision.until === null || at < revision.until)
  return revision.file === file && isThere && revision.size === size
}

export function add(scores: readonly Score[]): Score {
  const sum = (key: Exclude<keyof Score, 'delaysMs'>) => scores.reduce((total, score) => total + score[key], 0)
  return {
    revisions: sum('revisions'),
    early: sum('early'),
    earlyEvents: sum('earlyEvents'),
    extra: sum('extra'),
    late: sum('late'),
    missed: sum('missed'),
    delaysMs: scores.flatMap(({ delaysMs }) => delaysMs),
  }
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The value that the share `part` of the values does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * part) - 1)] ?? 0
}
