// The types of the chart's own values. What each of them means is said once, in the comments of charts/onetrigger/values.yaml.
import { z } from 'zod'

const texts = z.record(z.string(), z.string())
/** Whatever Kubernetes takes there; the API server checks it. */
const asInKubernetes = z.record(z.string(), z.unknown())
const listAsInKubernetes = z.array(asInKubernetes)
const named = z.array(z.looseObject({ name: z.string().min(1) }))
const on = z.boolean()
const count = z.int().min(0)
/** A number of things, or a share of them as `25%`. */
const amount = z.union([count, z.string().regex(/^\d+%$/)])
const time = z.string().regex(/^(\d+(ms|s|m|h))*$/)

/** All but `config`, which is `configSchema`. A key may be absent: Helm lays what a person writes over values.yaml. */
export const chartValues = section({
  existingSecret: z.string(),
  extraEnv: named,
  envFrom: listAsInKubernetes,
  replicaCount: count,
  rollingUpdate: section({ maxUnavailable: amount, maxSurge: amount }),
  persistence: section({
    enabled: on,
    existingClaim: z.string(),
    storageClass: z.string(),
    accessModes: z.array(z.enum(['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'])).min(1),
    size: z.string().regex(/^\d+(\.\d+)?([EPTGMK]i?)?$/),
    retain: on,
    annotations: texts,
  }),
  podDisruptionBudget: section({ enabled: on, maxUnavailable: amount }),
  topologySpreadConstraints: z.array(z.looseObject({ topologyKey: z.string().min(1) })),
  connectCheck: section({ enabled: on }),
  image: section({
    repository: z.string().min(1),
    tag: z.string(),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: named,
  service: section({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
    port: z.int().min(1).max(65_535),
    annotations: texts,
  }),
  networkPolicy: section({ enabled: on, from: listAsInKubernetes, egress: listAsInKubernetes }),
  monitor: section({
    enabled: on,
    kind: z.enum(['ServiceMonitor', 'PodMonitor']),
    interval: time,
    scrapeTimeout: time,
    labels: texts,
    relabelings: listAsInKubernetes,
    metricRelabelings: listAsInKubernetes,
  }),
  prometheusRule: section({ enabled: on, labels: texts }),
  grafanaDashboard: section({ enabled: on, labels: texts, annotations: texts }),
  resources: asInKubernetes,
  podSecurityContext: asInKubernetes,
  securityContext: asInKubernetes,
  serviceAccount: section({ create: on, name: z.string(), annotations: texts }),
  terminationGracePeriodSeconds: count,
  startupProbe: asInKubernetes,
  livenessProbe: asInKubernetes,
  readinessProbe: asInKubernetes,
  nodeSelector: texts,
  tolerations: listAsInKubernetes,
  affinity: asInKubernetes,
  priorityClassName: z.string(),
  hostAliases: listAsInKubernetes,
  dnsConfig: asInKubernetes,
  podAnnotations: texts,
  podLabels: texts,
  nameOverride: z.string().max(63),
  fullnameOverride: z.string().max(63),
  commonLabels: texts,
  extraVolumes: named,
  extraVolumeMounts: named,
  extraInitContainers: named,
  extraContainers: named,
  extraObjects: z.array(z.union([asInKubernetes, z.string()])),
  // Where this chart is a part of another one, Helm puts its `global` and the condition of the dependency here.
  global: asInKubernetes,
  enabled: on,
})

function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape).partial()
}
