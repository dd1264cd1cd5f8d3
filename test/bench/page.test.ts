import { describe, expect, it } from 'vitest'
import { measurements } from '../../scripts/bench/measurements.ts'
import { brokenBounds, renderPage } from '../../scripts/bench/page.ts'
import { plots } from '../../scripts/bench/plots.ts'
import type { Result } from '../../scripts/bench/results.ts'

const page = 'Before.\n<!-- begin: npm run bench -->\nwhat stood there\n<!-- end: npm run bench -->\nAfter.\n'

function aResult(name: string, runs: Result['runs']): Result {
  const machine = { cores: 2, cpu: 'x', memoryGb: 8, system: 'linux 6', node: '26.0.0' }
  return { name, scale: 'full', size: {}, at: '2026-11-25T00:00:00Z', machine, load: { before: 0, after: 0 }, runs }
}

describe('the page of benchmarks', () => {
  it('keeps what people wrote, and shows median, worst run and goal', () => {
    const rendered = renderPage(page, [aResult('start', [{ requestMs: 310 }, { requestMs: 290 }, { requestMs: 420 }])])

    expect(rendered).toMatch(/^Before\.\n/)
    expect(rendered).toMatch(/After\.\n$/)
    expect(rendered).not.toContain('what stood there')
    expect(rendered).toContain('| ≤ 500 ms | 310 ms | 420 ms | 3 | `start` |')
  })

  it('shows how a cost grows', () => {
    const runs = [{ 'seconds@10': 1, 'seconds@100': 10, 'seconds@1000': 100 }]

    expect(renderPage(page, [aResult('growth-files', runs)])).toContain('| 1 s with 10; 100 s with 1,000 | 1.00 |')
  })

  it('refuses a page without its marks', () => {
    expect(() => renderPage('nothing', [])).toThrow('lacks the mark')
  })

  it('draws what was measured, with every label in it, as well-formed text', () => {
    const drawn = plots([
      aResult('start', [{ requestMs: 250 }]),
      { ...aResult('overhead-200', [{ p50: 5, p99: 9, p999: 12 }]), size: { rate: 200 } },
      { ...aResult('overhead-1000', [{ p50: 8, p99: 20, p999: 40 }]), size: { rate: 1_000 } },
      aResult('growth-files', [{ 'seconds@10': 1, 'seconds@100': 10 }]),
    ])

    expect(Object.keys(drawn)).toEqual(['goals', 'overhead', 'growth'])
    expect(drawn.goals).toContain('start: first request to the provider')
    for (const svg of Object.values(drawn)) expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })
})

describe('the bounds that CI asserts', () => {
  const idle = measurements.find(({ name }) => name === 'idle')

  it('name figures that are measured, in every measurement that has a slice for CI', () => {
    for (const { bounds, figures, sizes } of measurements) {
      expect(bounds.map(({ figure }) => figure).filter((figure) => !(figure in figures))).toEqual([])
      expect(sizes.check === undefined).toBe(bounds.length === 0)
    }
  })

  it('are broken by what is too much, and by what is not there', () => {
    if (idle === undefined) throw new Error('there is no measurement "idle"')
    const runs = [{ memoryMb: 60, memoryListedMb: 90, eventsPerHour: 3_600 }]

    const broken = brokenBounds(idle, [aResult('idle', runs)])

    expect(broken).toEqual([
      'idle: eventsPerHour is 3600; at most 120 is asked for',
      'idle: changesPerHour is not there; at most 120 is asked for',
    ])
  })
})
