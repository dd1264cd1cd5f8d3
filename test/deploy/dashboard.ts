import { z } from 'zod'
import { textOf } from './rules.ts'

const datasource = z.object({ type: z.literal('prometheus'), uid: z.string() })
const panel = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  datasource: datasource.optional(),
  targets: z.array(z.object({ datasource, expr: z.string() })).default([]),
})
const dashboard = z.object({
  uid: z.literal('onetrigger'),
  schemaVersion: z.number(),
  panels: z.array(panel),
  annotations: z.object({ list: z.array(z.object({ datasource, expr: z.string() })) }),
  templating: z.object({
    list: z.array(z.object({ name: z.string(), type: z.string(), definition: z.string().optional() })),
  }),
})

/** The dashboard as far as the tests look into it. */
export type Dashboard = z.output<typeof dashboard>

/** The dashboard of deploy/grafana. */
export function readDashboard(): Dashboard {
  return dashboard.parse(JSON.parse(textOf('deploy/grafana/onetrigger.json')))
}

/** Every expression that it asks Prometheus, those of its variables too. */
export function expressionsOf({ panels, annotations, templating }: Dashboard): readonly string[] {
  const asked = [...panels.flatMap(({ targets }) => targets), ...annotations.list].map(({ expr }) => expr)
  return [...asked, ...templating.list.flatMap(({ definition }) => (definition === undefined ? [] : asSum(definition)))]
}

/** `label_values(metric{…}, label)` as an expression. */
function asSum(definition: string): string {
  const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? []
  return `sum by (${label}) (${selector})`
}
