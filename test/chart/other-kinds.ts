// Kinds that are not Kubernetes' own, as far as chart and examples use them: strict, so that a field that nobody knows is refused.
import { z } from 'zod'

const texts = z.record(z.string(), z.string())
const metadata = z.strictObject({
  name: z.string(),
  namespace: z.string().optional(),
  labels: texts.optional(),
  annotations: texts.optional(),
})
const time = z.string().regex(/^(\d+(ms|s|m|h))+$/)
const selector = z.strictObject({ matchLabels: texts })

/** https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.RelabelConfig */
const relabelling = z.strictObject({
  action: z.enum(['replace', 'keep', 'drop', 'labelmap', 'labeldrop', 'labelkeep', 'hashmod']).optional(),
  sourceLabels: z.array(z.string()).optional(),
  targetLabel: z.string().optional(),
  regex: z.string().optional(),
  replacement: z.string().optional(),
})

/** https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Endpoint; PodMetricsEndpoint has these fields too. */
const endpoint = z.strictObject({
  port: z.literal('http'),
  path: z.literal('/metrics'),
  interval: time.optional(),
  scrapeTimeout: time.optional(),
  relabelings: z.array(relabelling).optional(),
  metricRelabelings: z.array(relabelling).optional(),
})

const monitored = { namespaceSelector: z.strictObject({ matchNames: z.array(z.string()) }), selector }

const rule = z.union([
  z.strictObject({ record: z.string(), expr: z.string(), labels: texts.optional() }),
  z.strictObject({
    alert: z.string(),
    expr: z.string(),
    for: time.optional(),
    keep_firing_for: time.optional(),
    labels: texts.optional(),
    annotations: texts.optional(),
  }),
])

function kind<Spec extends z.ZodType>(apiVersion: string, name: string, spec: Spec) {
  const schema = z.strictObject({ apiVersion: z.literal(apiVersion), kind: z.literal(name), metadata, spec })
  return [`${apiVersion} ${name}`, schema] as const
}

const prometheus = 'monitoring.coreos.com/v1'
const knative = 'sources.knative.dev/v1'
const sink = z.union([
  z.strictObject({ uri: z.url() }),
  z.strictObject({ ref: z.strictObject({ apiVersion: z.string(), kind: z.string(), name: z.string() }) }),
])
const ceOverrides = z.strictObject({ extensions: texts }).optional()

/** Schemas by `apiVersion kind`. */
export const otherKinds: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  kind(prometheus, 'ServiceMonitor', z.strictObject({ endpoints: z.array(endpoint).length(1), ...monitored })),
  kind(prometheus, 'PodMonitor', z.strictObject({ podMetricsEndpoints: z.array(endpoint).length(1), ...monitored })),
  kind(
    prometheus,
    'PrometheusRule',
    z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule).min(1) })).min(1) }),
  ),
  // https://knative.dev/docs/eventing/reference/eventing-api/#sources.knative.dev/v1.ContainerSource; its pods are checked as pods.
  kind(knative, 'ContainerSource', z.strictObject({ template: z.looseObject({}), sink, ceOverrides })),
  kind(
    knative,
    'SinkBinding',
    z.strictObject({
      subject: z.strictObject({ apiVersion: z.string(), kind: z.string(), name: z.string() }),
      sink,
      ceOverrides,
    }),
  ),
])
