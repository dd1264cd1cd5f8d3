import { alternativesOf, type Matcher, namedIn, type Selector } from './promql.ts'
import type { Served } from './served-metrics.ts'

/** Labels that Prometheus adds to what it scrapes. */
const scrapeLabels = ['namespace', 'job', 'instance']
/** What Prometheus itself makes, with its own labels. */
const ofPrometheus: Served = new Map([
  ['up', [{}]],
  ['ALERTS', [{ alertname: '', alertstate: '', severity: '' }]],
])

/** The labels that a metric can carry; null = there is no such metric. */
function labelsOf(metric: string, served: Served): ReadonlySet<string> | null {
  const samples = served.get(metric) ?? ofPrometheus.get(metric)
  return samples === undefined ? null : new Set([...scrapeLabels, ...samples.flatMap((labels) => Object.keys(labels))])
}

/** Labels that the result of an expression can carry. */
export function labelsWithin(expression: string, served: Served): ReadonlySet<string> {
  const { selectors } = namedIn(expression)
  return new Set(selectors.flatMap(({ names }) => names.flatMap((name) => [...(labelsOf(name, served) ?? [])])))
}

/** Metrics, labels and values that an expression names and nothing serves, as sentences. */
export function complaints(expression: string, served: Served): readonly string[] {
  const { selectors, grouping } = namedIn(expression)
  const known = labelsWithin(expression, served)
  return [
    ...selectors.flatMap((selector) => selector.names.flatMap((name) => complaintsAbout(name, selector, served))),
    ...grouping
      .filter((label) => !known.has(label))
      .map((label) => `no metric of "${expression}" has a label ${label}`),
  ]
}

function complaintsAbout(name: string, { matchers }: Selector, served: Served): readonly string[] {
  const labels = labelsOf(name, served)
  if (labels === null) return [`there is no metric ${name}`]
  return matchers.flatMap((matcher) => {
    if (!labels.has(matcher.label)) return [`${name} has no label ${matcher.label}`]
    return unknownValues(name, matcher, served).map((value) => `no ${matcher.label} of ${name} is ever ${value}`)
  })
}

/** Values of a label that no sample has. Names of the operator's, which stand in variables, can be any. */
function unknownValues(name: string, { label, op, value }: Matcher, served: Served): readonly string[] {
  const values = (served.get(name) ?? []).flatMap((labels) => labels[label] ?? [])
  if (values.length === 0 || value.includes('$')) return []
  const wanted = op === '=~' || op === '!~' ? alternativesOf(value) : [value]
  const matches = (pattern: string) => (text: string) =>
    op === '=' || op === '!=' ? text === pattern : new RegExp(`^(?:${pattern})$`).test(text)
  return wanted.filter((pattern) => !values.some(matches(pattern)))
}
