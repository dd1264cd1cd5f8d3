import { add, type Judged, lateAfterMs, mean, quantile, type Score } from './score.ts'

export interface Result {
  readonly player: string
  readonly judged: readonly Judged[]
}

/** All that was found, for programs. */
export function asJson(results: readonly Result[], broken: readonly string[]): object {
  return {
    traces: results[0]?.judged.length ?? 0,
    lateAfterMs,
    players: results.map(({ player, judged }) => ({
      player,
      ...numbers(scoreOf(judged)),
      withEvidence: numbers(scoreOf(judged.filter(hasEvidence))),
      byMode: Object.fromEntries(modesOf(judged).map((mode) => [mode, numbers(scoreOf(judged.filter(isOf(mode))))])),
    })),
    broken,
  }
}

/** Three tables: all players over the whole corpus, who was early in which failure mode, and what `stableFor` changes where nothing but time can tell. */
export function asMarkdown(results: readonly Result[]): string {
  const judged = results[0]?.judged ?? []
  const { revisions } = scoreOf(judged)
  const head = `${judged.length} uploads, ${judged.filter(hasEvidence).length} of them with evidence; ${revisions} revisions to tell of; late = more than ${lateAfterMs / 1_000} s after it could be known.`
  return [head, '', players(results), '', earlyByMode(results), '', withoutEvidence(results)].join('\n')
}

function players(results: readonly Result[]): string {
  const rows = results.map(({ player, judged }) => {
    const [all, evident] = [scoreOf(judged), scoreOf(judged.filter(hasEvidence))]
    const { early, extra, late, missed, delaysMs } = all
    const delays = [mean(delaysMs), quantile(delaysMs, 0.5), quantile(delaysMs, 0.95)].map(inSeconds)
    return [player, evident.early, early, missed, extra, late, ...delays]
  })
  const head = ['', 'early in spite of evidence', 'early in all', 'missed', 'told twice', 'late']
  return table([...head, 'delay, mean', 'median', 'p95'], rows)
}

function earlyByMode(results: readonly Result[]): string {
  const modes = modesOf(results[0]?.judged ?? [])
  // OneTrigger once: what its window changes is the next table.
  const shown = results.filter(({ player }, index) => index === 0 || !player.startsWith('OneTrigger'))
  const rows = modes.map((mode) => {
    const counts = shown.map(({ judged }) => {
      const { early, missed } = scoreOf(judged.filter(isOf(mode)))
      return missed === 0 ? String(early) : `${early}, ${missed} missed`
    })
    return [mode, String(results[0]?.judged.filter(isOf(mode)).length ?? 0), ...counts]
  })
  return table(['early, by failure mode', 'uploads', ...shown.map(({ player }) => player)], rows)
}

/** Where nothing but time can tell: early ones by `stableFor`. */
function withoutEvidence(results: readonly Result[]): string {
  const isBlind = ({ trace }: Judged) => trace.evidence === 'none'
  const modes = modesOf(results[0]?.judged.filter(isBlind) ?? [])
  const own = results.filter(({ player }) => player.startsWith('OneTrigger'))
  const early = (judged: readonly Judged[]) => String(scoreOf(judged).early)
  const all = ['all', ...own.map(({ judged }) => early(judged.filter(isBlind)))]
  const rows = modes.map((mode) => [
    mode,
    ...own.map(({ judged }) => early(judged.filter((each) => isBlind(each) && isOf(mode)(each)))),
  ])
  return table(['early, without evidence', ...own.map(({ player }) => player)], [...rows, all])
}

function scoreOf(judged: readonly Judged[]): Score {
  return add(judged.map(({ score }) => score))
}

function numbers({ delaysMs, ...counts }: Score): object {
  const [meanMs, p50Ms, p95Ms] = [mean(delaysMs), quantile(delaysMs, 0.5), quantile(delaysMs, 0.95)].map(Math.round)
  return { ...counts, delay: { meanMs, p50Ms, p95Ms } }
}

function hasEvidence({ trace }: Judged): boolean {
  return trace.evidence !== 'none'
}

function isOf(mode: string): (judged: Judged) => boolean {
  return ({ trace }) => trace.mode === mode
}

function modesOf(judged: readonly Judged[]): readonly string[] {
  return [...new Set(judged.map(({ trace }) => trace.mode))]
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}
