import type { Measurement } from './measurement.ts'
import { measurements } from './measurements.ts'
import type { Result } from './results.ts'
import { summary, sweepsOf } from './summaries.ts'
import { barPlot, type Line, linePlot } from './svg.ts'

/** The plots that the results allow, by file name without its ending. */
export function plots(results: readonly Result[]): Readonly<Record<string, string>> {
  const drawn = { goals: goals(results), overhead: overhead(results), growth: growth(results) }
  return Object.fromEntries(Object.entries(drawn).flatMap(([name, svg]) => (svg === null ? [] : [[name, svg]])))
}

export function plotsOf(results: readonly Result[]): readonly string[] {
  return Object.keys(plots(results))
}

function measurementOf({ name }: Result): Measurement | null {
  return measurements.find((each) => each.name === name) ?? null
}

/** Every figure with a goal, as a share of that: what ends left of the line is better than asked for. */
function goals(results: readonly Result[]): string | null {
  const bars = results.flatMap((result) => {
    const measurement = measurementOf(result)
    return Object.entries(measurement?.figures ?? {}).flatMap(([key, figure]) => {
      const seen = summary(result, key, figure)
      if (seen === null || figure.goal === undefined) return []
      const share = (value: number) =>
        figure.better === 'lower' ? value / (figure.goal ?? 1) : (figure.goal ?? 1) / value
      return [{ label: `${result.name}: ${figure.about}`, value: share(seen.median), worst: share(seen.worst) }]
    })
  })
  return bars.length === 0 ? null : barPlot('Share of what the goal allows (bar: median, line: worst run)', bars)
}

function overhead(results: readonly Result[]): string | null {
  const rated = results.filter(({ name }) => name.startsWith('overhead-'))
  const percentiles = { p50: '50 %', p99: '99 %', p999: '99.9 %' }
  const lines = Object.entries(percentiles).map(([key, label]): Line => {
    const points = rated.flatMap((result) => {
      const seen = summary(result, key, { better: 'lower' })
      return seen === null ? [] : [[result.size.rate ?? 0, seen.median] as const]
    })
    return { label, points }
  })
  if (rated.length < 2) return null
  return linePlot('Time added to the quiet period', lines, { x: 'files per second', y: 'ms' })
}

function growth(results: readonly Result[]): string | null {
  const lines = results.flatMap((result): Line[] => {
    const measurement = measurementOf(result)
    if (measurement === null || !result.name.startsWith('growth-')) return []
    const things = result.name.slice('growth-'.length)
    // Time, not memory: two units do not fit on one axis. Each as a multiple of its least.
    return [...sweepsOf(measurement, result)].slice(0, 1).map(([, points]) => {
      const [first] = points
      return { label: things, points: points.map(([x, y]) => [x / (first?.[0] ?? 1), y / (first?.[1] ?? 1)] as const) }
    })
  })
  return lines.length === 0
    ? null
    : linePlot('Time as the amount grows', lines, { x: 'times as many', y: 'times as long' })
}
