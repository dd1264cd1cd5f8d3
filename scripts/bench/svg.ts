// Plots as text: nothing to install, and small enough to lie in the repository. Colours that read on white and on dark.

export interface Line {
  readonly label: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Bar {
  readonly label: string
  readonly value: number
  readonly worst: number
}

const colours = ['#2f6fd0', '#d0622f', '#2f9e62', '#8a4fc7', '#b58900']
const [ink, faint] = ['#6b7280', '#9ca3af55']

/** Lines on two logarithmic axes. */
export function linePlot(
  title: string,
  lines: readonly Line[],
  axes: { readonly x: string; readonly y: string },
): string {
  const [width, height] = [640, 340]
  const area = { left: 70, right: 510, top: 40, bottom: 290 }
  const all = lines.flatMap(({ points }) => points)
  const x = logScale(
    all.map(([at]) => at),
    area.left,
    area.right,
  )
  const y = logScale(
    all.map(([, at]) => at),
    area.bottom,
    area.top,
  )
  const grid = [
    ...x.ticks.map((tick) => vertical(x.at(tick), area) + text(x.at(tick), area.bottom + 18, short(tick), 'middle')),
    ...y.ticks.map((tick) => horizontal(y.at(tick), area) + text(area.left - 8, y.at(tick) + 4, short(tick), 'end')),
  ]
  const drawn = lines.map(({ label, points }, index) => {
    const colour = colours[index % colours.length] ?? ink
    const places = points.map(([px, py]) => [x.at(px), y.at(py)] as const)
    const path = places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ')
    const dots = places.map(
      ([px, py]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3" fill="${colour}"/>`,
    )
    const legend = text(area.right + 34, area.top + 12 + index * 20, label, 'start')
    const mark = `<rect x="${area.right + 16}" y="${area.top + 3 + index * 20}" width="12" height="10" fill="${colour}"/>`
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${mark}${legend}`
  })
  const names =
    text((area.left + area.right) / 2, height - 10, axes.x, 'middle') +
    `<text transform="translate(16 ${(area.top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(axes.y)}</text>`
  return svg(width, height, title, [...grid, ...drawn, names])
}

/** Bars on one logarithmic axis, with a line at 1. */
export function barPlot(title: string, bars: readonly Bar[]): string {
  const [width, row] = [860, 24]
  const area = { left: 400, right: 790, top: 40, bottom: 40 + bars.length * row }
  const values = [0.1, 1, ...bars.flatMap(({ value, worst }) => [value, worst])].filter((value) => value > 0)
  const x = logScale(values, area.left, area.right)
  const grid = x.ticks.map((tick) => {
    return (
      vertical(x.at(tick), area) +
      text(x.at(tick), area.bottom + 18, `${(tick * 100).toLocaleString('en')} %`, 'middle')
    )
  })
  const drawn = bars.map(({ label, value, worst }, index) => {
    const [top, end] = [area.top + index * row + 4, x.at(Math.max(value, x.least))]
    const colour = value <= 1 ? '#2f9e62' : '#d0622f'
    const bar = `<rect x="${area.left}" y="${top}" width="${(end - area.left).toFixed(1)}" height="16" fill="${colour}"/>`
    const late = `<line x1="${end.toFixed(1)}" x2="${x.at(Math.max(worst, x.least)).toFixed(1)}" y1="${top + 8}" y2="${top + 8}" stroke="${colour}" stroke-width="2"/>`
    return bar + late + text(area.left - 8, top + 12, label, 'end')
  })
  const goal = `<line x1="${x.at(1)}" x2="${x.at(1)}" y1="${area.top}" y2="${area.bottom}" stroke="${ink}" stroke-width="2"/>`
  return svg(width, area.bottom + 32, title, [...grid, ...drawn, goal])
}

interface Area {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** From the power of ten below the least to the one above the most. */
function logScale(values: readonly number[], from: number, to: number) {
  const exponent = (value: number) => Math.log10(Math.max(value, 1e-6))
  const low = Math.floor(Math.min(...values.map(exponent)))
  const high = Math.max(Math.ceil(Math.max(...values.map(exponent))), low + 1)
  return {
    least: 10 ** low,
    at: (value: number) => from + ((exponent(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  }
}

function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="sans-serif" font-size="12" fill="${ink}">`
  const name = `<title>${escaped(title)}</title><text x="16" y="22" font-size="14" font-weight="bold">${escaped(title)}</text>`
  return `${head}\n${name}\n${parts.join('\n')}\n</svg>\n`
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(content)}</text>`
}

function vertical(x: number, { top, bottom }: Area): string {
  return `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${top}" y2="${bottom}" stroke="${faint}"/>`
}

function horizontal(y: number, { left, right }: Area): string {
  return `<line x1="${left}" x2="${right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="${faint}"/>`
}

function short(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000} M`
  return value >= 1_000 ? `${value / 1_000} k` : String(Number(value.toPrecision(1)))
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
