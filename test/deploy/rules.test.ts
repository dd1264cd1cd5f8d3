import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { metricDeclarations } from '../../src/observability/declarations.ts'
import { complaints, labelsWithin } from './named-metrics.ts'
import { alternativesOf, namedIn } from './promql.ts'
import { readRules, readRuleTests, textOf, withRecorded } from './rules.ts'
import { listingRoutes, type Served, servedMetrics } from './served-metrics.ts'

const rules = readRules()
const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule] : []))
let served: Served
let known: Served
beforeAll(async () => {
  served = await servedMetrics()
  known = withRecorded(served, rules)
})

describe('what is compared with', () => {
  it('is what /metrics really gives: every metric of ours with a sample, and those of the run time', () => {
    const names = Object.values(metricDeclarations).map(({ name, type }) =>
      type === 'histogram' ? `${name}_sum` : name,
    )

    expect(names.filter((name) => !served.has(name))).toEqual([])
    expect(served.has('process_start_time_seconds')).toBe(true)
  })

  it.each([
    ['up + onetrigger_made_up_total', 'there is no metric onetrigger_made_up_total'],
    ['onetrigger_outbox_deliveries{trigger="a"}', 'onetrigger_outbox_deliveries has no label trigger'],
    ['onetrigger_deliveries_total{outcome="deliverd"}', 'no outcome of onetrigger_deliveries_total is ever deliverd'],
    ['onetrigger_stream_open{via=~"poll|pull"}', 'no via of onetrigger_stream_open is ever pull'],
    ['sum by (rung) (up)', 'no metric of "sum by (rung) (up)" has a label rung'],
  ])('does not know %s', (expression, complaint) => {
    expect(complaints(expression, known)).toEqual([complaint])
  })
})

describe('the rules for Prometheus', () => {
  it('name only metrics, labels and values that there are', () => {
    expect(rules.flatMap(({ expr }) => complaints(expr, known))).toEqual([])
  })

  it('have names of their own', () => {
    const names = rules.map((rule) => ('alert' in rule ? rule.alert : rule.record))

    expect(new Set(names).size).toBe(names.length)
  })

  it.each(alerts.map((alert) => [alert.alert, alert] as const))('%s speaks of labels that it has', (_name, alert) => {
    const { summary, description } = alert.annotations
    const spoken = [...`${summary} ${description}`.matchAll(/\$labels\.(\w+)/g)].map((match) => match[1] ?? '')

    const labels = labelsWithin(alert.expr, known)

    expect(spoken.filter((label) => !labels.has(label))).toEqual([])
  })

  it.each(alerts.map(({ alert, annotations }) => [alert, annotations.runbook_url]))(
    '%s is explained where it says',
    (name, url) => {
      const page = 'docs/how-to/monitoring.md'
      expect(url).toBe(`https://github.com/grycap/onetrigger/blob/main/${page}#${name.toLowerCase()}`)
      expect(textOf(page).split('\n')).toContain(`### ${name}`)
    },
  )

  it('explain no alert that is not there any more', () => {
    const explained = [...textOf('docs/how-to/monitoring.md').matchAll(/^### (OneTrigger\w+)$/gm)]

    expect(explained.map((match) => match[1])).toEqual(alerts.map(({ alert }) => alert))
  })

  it('are each seen to fire and to keep silent', () => {
    const cases = readRuleTests()
    const seen = (fires: boolean) => new Set(cases.filter((one) => one.fires === fires).map(({ alert }) => alert))
    const names = new Set(alerts.map(({ alert }) => alert))

    expect(seen(true)).toEqual(names)
    expect(seen(false)).toEqual(names)
  })

  it('count every way of listing a folder as a repair', () => {
    const matchers = alerts
      .filter(({ alert }) => alert === 'OneTriggerRepairOverdue')
      .flatMap(({ expr }) => namedIn(expr).selectors.flatMap((selector) => selector.matchers))
    const patterns = matchers.flatMap(({ label, value }) => (label === 'route' ? alternativesOf(value) : []))

    const missed = listingRoutes().filter((route) => !patterns.some((text) => new RegExp(`^(?:${text})$`).test(route)))

    expect(listingRoutes().length).toBe(3)
    expect(missed).toEqual([])
  })
})

describe('prometheus.yml', () => {
  it('reads the rules that lie beside it, and scrapes OneTrigger', () => {
    expect(parse(textOf('deploy/prometheus/prometheus.yml'))).toMatchObject({
      rule_files: ['onetrigger.rules.yaml'],
      scrape_configs: [{ job_name: 'onetrigger', static_configs: [{ targets: ['onetrigger:8080'] }] }],
    })
  })
})
