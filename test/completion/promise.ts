import type { Judged } from './score.ts'

/** With a longer `stableFor` the quiet period alone is late by what counts as late here. */
const longestMs = 20_000

/**
 * Uploads of the corpus that are told too early where there is no evidence, by `stableFor`: a pause longer than that looks like an end. More of them are
 * a defect: the quiet period is cut short, or what the fresh read shows is not heeded.
 */
const mostEarly: ReadonlyMap<number, number> = new Map([
  [2_000, 54],
  [10_000, 30],
  [20_000, 20],
  [60_000, 10],
])

/** Failure modes in which the news itself comes late, or the policy waits longer: a listing every ten minutes, empty files held, a veto of an hour. */
const lateModes: ReadonlySet<string> = new Set(['event gap', 'restart during upload', 'zero bytes', 'evicted'])

/**
 * What is promised, as sentences for each trace that breaks it: nothing is missed or told twice, what gives evidence is never told early, and nothing is
 * late without a reason; without evidence no more are early than time alone cannot tell. A `stableFor` below 10 s shortens the check behind the evidence,
 * too: where another provider than the file's own is watched, which may show a size 10 s behind a marker, it is not promised.
 */
export function brokenPromises(judged: readonly Judged[], stableForMs: number): readonly string[] {
  const ofTraces = judged.flatMap(({ trace, score }) => {
    const isEvident = trace.evidence !== 'none' && (stableForMs >= 10_000 || trace.provider === 'origin')
    const isPrompt = stableForMs <= longestMs && !lateModes.has(trace.mode)
    const broken = [
      ...(score.missed > 0 ? [`${score.missed} missed`] : []),
      ...(score.extra > 0 ? [`${score.extra} told twice`] : []),
      ...(isEvident && score.early > 0 ? [`${score.earlyEvents} early in spite of evidence`] : []),
      ...(isPrompt && score.late > 0 ? [`${score.late} late without a reason`] : []),
    ]
    return broken.map((what) => `${trace.mode}, ${trace.name}: ${what}`)
  })
  const blind = judged.filter(({ trace, score }) => trace.evidence === 'none' && score.early > 0).length
  const most = mostEarly.get(stableForMs) ?? Number.POSITIVE_INFINITY
  return blind > most ? [...ofTraces, `${blind} early without evidence, instead of ${most}`] : ofTraces
}
