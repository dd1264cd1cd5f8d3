import type { Bound, Measurement } from './measurement.ts'
import { measurements } from './measurements.ts'
import { plotsOf } from './plots.ts'
import type { Result } from './results.ts'
import { growth } from './statistics.ts'
import { summary, sweepsOf } from './summaries.ts'

const [begin, end] = ['<!-- begin: npm run bench -->', '<!-- end: npm run bench -->']

/** The page with its generated part made anew; what people wrote around it stays. */
export function renderPage(page: string, results: readonly Result[]): string {
  const [before, rest] = split(page, begin)
  const [, after] = split(rest, end)
  return `${before}${begin}\n\n${generated(results)}\n${end}${after}`
}

function split(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark)
  if (at < 0) throw new Error(`docs/benchmarks.md lacks the mark ${mark}`)
  return [text.slice(0, at), text.slice(at + mark.length)]
}

function generated(results: readonly Result[]): string {
  const parts = results.flatMap((result) => {
    const measurement = measurements.find(({ name }) => name === result.name)
    return measurement === undefined ? [] : [{ measurement, result }]
  })
  const plain = parts.filter(({ measurement }) => !isGrowth(measurement))
  const growing = parts.filter(({ measurement }) => isGrowth(measurement))
  return [
    'Each line: `npm run bench -- --only NAME`. All runs, the machine and its load are in [results.json](benchmarks/results.json).',
    '',
    ...plotsOf(results).map((name) => `![${name}](benchmarks/${name}.svg)\n`),
    table(['what', 'goal', 'median', 'worst', 'runs', 'measured by'], plain.flatMap(figureRows)),
    '',
    '### How each cost grows',
    '',
    'The slope of the line through all points on logarithmic axes: 0 = does not grow, 1 = in proportion, 2 = with the square.',
    '',
    table(['what', 'of', 'at the least and the most', 'slope'], growing.flatMap(growthRows)),
    '',
    ...machines(results),
    '',
  ].join('\n')
}

function isGrowth({ name }: Measurement): boolean {
  return name.startsWith('growth-')
}

function figureRows({ measurement, result }: { measurement: Measurement; result: Result }): readonly string[][] {
  const { name, figures, about } = measurement
  return Object.entries(figures).flatMap(([key, figure], index) => {
    const seen = summary(result, key, figure)
    if (seen === null) return []
    const what = index === 0 ? `**${about}** (${sizeText(result)}): ${figure.about}` : figure.about
    const goal =
      figure.goal === undefined ? '' : `${figure.better === 'lower' ? '≤' : '≥'} ${number(figure.goal, figure.unit)}`
    const [middle, least] = [number(seen.median, figure.unit), number(seen.worst, figure.unit)]
    return [[what, goal, middle, least, String(seen.all.length), `\`${name}\``]]
  })
}

function sizeText({ size }: Result): string {
  const words = Object.entries(size).map(([key, value]) => `${value.toLocaleString('en')} ${key}`)
  return words.length === 0 ? 'an empty folder' : words.join(', ')
}

function growthRows({ measurement, result }: { measurement: Measurement; result: Result }): readonly string[][] {
  return [...sweepsOf(measurement, result)].map(([cost, points], index) => {
    const figure = Object.entries(measurement.figures).find(([key]) => key.startsWith(`${cost}@`))?.[1]
    const [first, last] = [points[0], points.at(-1)]
    const text = (point: typeof first) =>
      point === undefined ? '' : `${number(point[1], figure?.unit ?? '')} with ${point[0].toLocaleString('en')}`
    const what = index === 0 ? `**${measurement.about}**` : ''
    return [what, figure?.about ?? cost, `${text(first)}; ${text(last)}`, growth(points).toFixed(2)]
  })
}

function machines(results: readonly Result[]): readonly string[] {
  const texts = results.map(({ at, machine: { cores, cpu, memoryGb, system, node }, load }) => {
    const busy = Math.max(load.before, load.after) > cores ? ', busy with other work' : ''
    return `${at.slice(0, 10)}: ${cores} cores (${cpu}), ${memoryGb} GB, ${system}, Node ${node}${busy}.`
  })
  return [...new Set(texts)]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Three digits that count, with thousands apart. */
export function number(value: number, unit: string): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  const text = Number(value.toFixed(digits)).toLocaleString('en')
  return unit === '' ? text : `${text} ${unit}`
}

/** For the terminal, at once. */
export function plainTable(measurement: Measurement, result: Result): string {
  const lines = Object.entries(measurement.figures).flatMap(([key, figure]) => {
    const seen = summary(result, key, figure)
    if (seen === null) return []
    const goal = figure.goal === undefined ? '' : `  (goal ${number(figure.goal, figure.unit)})`
    const point = key.includes('@') ? ` with ${key.split('@')[1]}` : ''
    return [
      `  ${number(seen.median, figure.unit)}, worst ${number(seen.worst, figure.unit)}: ${figure.about}${point}${goal}`,
    ]
  })
  return [`${measurement.name}: ${measurement.about} (load ${result.load.before})`, ...lines].join('\n')
}

/** A sentence for each bound that does not hold. */
export function brokenBounds({ name, bounds, figures }: Measurement, results: readonly Result[]): readonly string[] {
  const result = results.find((each) => each.name === name)
  return bounds.flatMap(({ figure, most }: Bound) => {
    const declared = figures[figure]
    const seen = result === undefined || declared === undefined ? null : summary(result, figure, declared)
    if (seen !== null && seen.median <= most) return []
    return [`${name}: ${figure} is ${seen?.median ?? 'not there'}; at most ${most} is asked for`]
  })
}
