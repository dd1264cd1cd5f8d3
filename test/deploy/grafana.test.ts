import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { expressionsOf, readDashboard } from './dashboard.ts'
import { complaints } from './named-metrics.ts'
import { textOf } from './rules.ts'
import { type Served, servedMetrics } from './served-metrics.ts'

const text = textOf('deploy/grafana/onetrigger.json')
const dashboard = readDashboard()
const { panels, annotations, templating, schemaVersion } = dashboard
const graphs = panels.filter(({ type }) => type !== 'row')
let served: Served
beforeAll(async () => {
  served = await servedMetrics()
})

describe('the dashboard', () => {
  it('names only metrics, labels and values that there are', () => {
    const asked = expressionsOf(dashboard)

    expect(asked.length).toBeGreaterThan(30)
    expect(asked.flatMap((expression) => complaints(expression, served))).toEqual([])
  })

  it('would be refused with a metric that is made up', () => {
    const [first] = graphs.flatMap(({ targets }) => targets)

    const broken = first?.expr.replace('onetrigger_build_info', 'onetrigger_built_info') ?? ''

    expect(complaints(broken, served)).toEqual(['there is no metric onetrigger_built_info'])
  })

  it('takes its data from whichever source is chosen', () => {
    const all = [...graphs.flatMap(({ targets }) => targets), ...graphs, ...annotations.list]

    expect(new Set(all.map((part) => part.datasource?.uid))).toEqual(new Set([`\${datasource}`]))
  })

  it('uses variables that it has', () => {
    const used = [...text.matchAll(/\$\{?([a-z]+)\b/g)].map((match) => match[1] ?? '')

    const names = templating.list.map(({ name }) => name)

    expect([...new Set(used)].toSorted()).toEqual(names.toSorted())
  })

  it('has a row for each concern, panels that say what they show, and each with a number of its own', () => {
    expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual([
      'Health',
      'Completion',
      'Deliveries to $target',
      'Load on the provider',
      'Process',
    ])
    expect(graphs.filter(({ description = '' }) => !description.endsWith('.'))).toEqual([])
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  })

  it('lays no panel on another, nor outside', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    )

    expect(new Set(cells).size).toBe(cells.length)
    expect(panels.filter(({ gridPos }) => gridPos.x + gridPos.w > 24)).toEqual([])
  })

  it('is written for a Grafana of these years', () => expect(schemaVersion).toBeGreaterThanOrEqual(41))
})

describe('what Grafana is provisioned with', () => {
  it('is the Prometheus of the compose file, as the first choice', () => {
    expect(parse(textOf('deploy/grafana/provisioning/datasources/prometheus.yaml'))).toMatchObject({
      datasources: [{ type: 'prometheus', url: 'http://prometheus:9090', isDefault: true }],
    })
  })

  it('is the folder in which the dashboard lies', () => {
    expect(parse(textOf('deploy/grafana/provisioning/dashboards/onetrigger.yaml'))).toMatchObject({
      providers: [{ type: 'file', options: { path: '/var/lib/grafana/dashboards' } }],
    })
  })
})
