import { parse } from 'yaml'
import { z } from 'zod'
import { readFiles } from '../architecture/repository.ts'
import { namedIn } from './promql.ts'
import type { Served } from './served-metrics.ts'

const record = z.strictObject({ record: z.string(), expr: z.string() })
const alert = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.url() }),
})
const rulesFile = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(z.union([record, alert])) })),
})
const testsFile = z.object({
  tests: z.array(
    z.looseObject({
      alert_rule_test: z.tuple([z.looseObject({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })]),
    }),
  ),
})

/** A rule that records or warns, as Prometheus reads it. */
export type Rule = z.output<typeof record> | z.output<typeof alert>

/** The text of a file below the root; fails where there is none. */
export function textOf(path: string): string {
  return [...readFiles([path], ['']).values()].join('')
}

/** The rules of deploy/prometheus, in their order. */
export function readRules(): readonly Rule[] {
  return rulesFile.parse(parse(textOf('deploy/prometheus/onetrigger.rules.yaml'))).groups.flatMap(({ rules }) => rules)
}

/** Each case of the tests for promtool: it asks for one alert, at one time. */
export function readRuleTests() {
  const { tests } = testsFile.parse(parse(textOf('deploy/prometheus/onetrigger.rules.test.yaml')))
  return tests.map((test) => {
    const [{ alertname, exp_alerts }] = test.alert_rule_test
    return { alert: alertname, fires: exp_alerts.length > 0, test }
  })
}

/** What is served, and what the rules record from it: the same samples, with the labels by which the rule groups. */
export function withRecorded(served: Served, rules: readonly Rule[]): Served {
  const recorded = rules.flatMap((rule) =>
    'record' in rule ? [[rule.record, recordedBy(rule.expr, served)] as const] : [],
  )
  return new Map([...served, ...recorded])
}

function recordedBy(expr: string, served: Served): readonly Readonly<Record<string, string>>[] {
  const { selectors, grouping } = namedIn(expr)
  const samples = selectors.flatMap(({ names }) => names.flatMap((name) => served.get(name) ?? []))
  const kept = (labels: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(labels).filter(([label]) => grouping.includes(label)))
  return samples.map(kept)
}
