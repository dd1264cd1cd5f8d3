import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { configSchema } from '../../src/config/schema.ts'
import { apiProblems, unknownFields } from './api-schemas.ts'
import { goldens, type Manifest, parseManifests, valueSets } from './manifests.ts'
import { podSpecOf, securityProblems } from './pod-security.ts'

const sets = [...goldens].map(([name, manifests]) => ({ name, manifests }))
const labels = z.record(z.string(), z.string())

const deploymentSchema = z.object({
  replicas: z.number(),
  strategy: z.object({ type: z.string() }),
  selector: z.object({ matchLabels: labels }),
  template: z.object({
    metadata: z.object({ labels, annotations: labels }),
    spec: z.object({
      terminationGracePeriodSeconds: z.number(),
      volumes: z.array(z.looseObject({ name: z.string() })),
      containers: z.array(z.looseObject({ name: z.string() })),
    }),
  }),
})

function only(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, ...more] = manifests.filter((manifest) => manifest.kind === kind)
  if (found === undefined || more.length > 0) throw new Error(`there is not exactly one ${kind}`)
  return found
}

function deploymentOf(manifests: readonly Manifest[]) {
  return deploymentSchema.parse(only(manifests, 'Deployment').spec)
}

/** The configuration in a set's ConfigMap. */
function configOf(manifests: readonly Manifest[]): unknown {
  const found = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-config'))
  return parse(z.object({ 'onetrigger.yaml': z.string() }).parse(found?.data)['onetrigger.yaml'])
}

function storeOf(manifests: readonly Manifest[]): string {
  return configSchema.parse(configOf(manifests)).store?.type ?? ''
}

/** Whether a selector finds what has these labels. */
function finds(selector: Readonly<Record<string, string>>, has: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([key, value]) => has[key] === value)
}

it('there is a golden file for each set of values, and none beside', () => {
  expect([...goldens.keys()]).toEqual(valueSets.map(({ name }) => name))
  expect(goldens.size).toBeGreaterThanOrEqual(12)
})

describe.each(sets)('the objects of $name', ({ manifests }) => {
  it('are in order by the schemas of the API', async () => {
    const found = await Promise.all(manifests.map(async (each) => [each.kind, await apiProblems(each)]))

    expect(found.filter(([, problems]) => (problems?.length ?? 0) > 0)).toEqual([])
  })

  it('meet the restricted standard, and more', () => {
    const pods = manifests.flatMap((manifest) => podSpecOf(manifest) ?? [])

    expect(pods.length).toBe(3)
    expect(pods.flatMap(securityProblems)).toEqual([])
  })

  it('hold a configuration that OneTrigger takes, and no secret', () => {
    expect(configSchema.safeParse(configOf(manifests)).error).toBeUndefined()
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([])
  })

  it('are found by what looks for them', () => {
    const { selector, template } = deploymentOf(manifests)
    const pod = template.metadata.labels
    const testPods = manifests.filter(({ kind }) => kind === 'Pod').map(({ metadata }) => metadata.labels)
    const service = only(manifests, 'Service')
    const serves = z.object({ selector: labels }).parse(service.spec).selector

    expect(finds(selector.matchLabels, pod)).toBe(true)
    expect(finds(serves, pod)).toBe(true)
    expect(testPods.map((labels) => finds(serves, labels))).toEqual([false, false])
    const looking = z.object({ selector: z.object({ matchLabels: labels }) })
    for (const { kind, spec } of manifests) {
      if (kind === 'ServiceMonitor')
        expect(finds(looking.parse(spec).selector.matchLabels, service.metadata.labels)).toBe(true)
      if (kind === 'PodMonitor' || kind === 'PodDisruptionBudget')
        expect(finds(looking.parse(spec).selector.matchLabels, pod)).toBe(true)
      if (kind !== 'NetworkPolicy') continue
      const policed = z.object({ podSelector: z.object({ matchLabels: labels }) }).parse(spec).podSelector.matchLabels
      expect([pod, ...testPods].every((each) => finds(policed, each))).toBe(true)
    }
  })

  it('run one process on a store that belongs to one, and replace several without a gap', () => {
    const { replicas, strategy } = deploymentOf(manifests)

    if (storeOf(manifests) === 'postgres') expect(strategy.type).toBe('RollingUpdate')
    else expect({ replicas, strategy }).toEqual({ replicas: 1, strategy: { type: 'Recreate' } })
    expect(manifests.some(({ kind }) => kind === 'PodDisruptionBudget')).toBe(replicas > 1)
  })

  it('keep SQLite on a claim where one is made, and make none for other stores', () => {
    const claims = manifests.filter(({ kind }) => kind === 'PersistentVolumeClaim').map(({ metadata }) => metadata.name)
    const state = deploymentOf(manifests).template.spec.volumes.find(({ name }) => name === 'state')
    const { persistentVolumeClaim: mounted } = z
      .object({ persistentVolumeClaim: z.object({ claimName: z.string() }).optional() })
      .parse(state)

    if (storeOf(manifests) !== 'sqlite') expect([claims, mounted]).toEqual([[], undefined])
    if (claims.length > 0) expect(claims).toEqual([mounted?.claimName])
  })

  it('give deliveries under way the time that OneTrigger takes to stop', () => {
    expect(deploymentOf(manifests).template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(75)
  })
})

it('each pod of helm test has one container, for helm shows the log of one only', () => {
  const pods = (goldens.get('pod') ?? []).filter(({ kind }) => kind === 'Pod')

  expect(pods.map((pod) => podSpecOf(pod)?.containers.map(({ name }) => name))).toEqual([['answers'], ['connects']])
})

it('no object has a field that the API does not know', { timeout: 60_000 }, () => {
  expect(unknownFields([...goldens.values()].flat())).toBe('')
})

it('a changed configuration makes new pods', () => {
  const stamp = (name: string) =>
    deploymentOf(goldens.get(name) ?? []).template.metadata.annotations['checksum/config'] ?? ''

  expect(stamp('minimal')).toMatch(/^[0-9a-f]{64}$/)
  expect(stamp('existing-claim')).toBe(stamp('minimal'))
  expect(stamp('memory')).not.toBe(stamp('minimal'))
})

it('the claim outlives the release, unless somebody says otherwise', () => {
  const policy = (name: string) =>
    only(goldens.get(name) ?? [], 'PersistentVolumeClaim').metadata.annotations['helm.sh/resource-policy']

  expect(policy('minimal')).toBe('keep')
  expect(policy('volume')).toBeUndefined()
})

it('monitoring makes nothing where the cluster does not know its kinds', () => {
  const kinds = (name: string) => (goldens.get(name) ?? []).map(({ kind }) => kind)

  expect(kinds('monitoring')).toEqual(expect.arrayContaining(['ServiceMonitor', 'PrometheusRule']))
  expect(kinds('pod-monitor')).toContain('PodMonitor')
  expect(kinds('monitoring-without-operator')).toEqual(kinds('minimal'))
})

describe('the check of objects', () => {
  const pod = (container: string) => {
    const [manifest] = parseManifests(
      `{ apiVersion: v1, kind: Pod, metadata: { name: p }, spec: { containers: [{ name: c, ${container} }] } }`,
    )
    if (manifest === undefined) throw new Error('there is no object')
    return manifest
  }

  it('sees a value of a wrong type', async () => {
    expect(await apiProblems(pod('ports: [{ containerPort: "80" }]'))).toEqual([
      expect.stringContaining('/spec/containers/0/ports/0/containerPort: type'),
    ])
  })

  it('sees a field that nobody knows', { timeout: 60_000 }, () => {
    expect(unknownFields([pod('imagePullPolice: Always')])).toContain('imagePullPolice')
  })

  it('sees what the restricted standard forbids', () => {
    const spec = podSpecOf(pod('securityContext: { runAsUser: 0, capabilities: { add: [SYS_ADMIN] } }'))

    expect(spec === null ? [] : securityProblems(spec)).toEqual([
      'mounts a token of the API',
      'gets variables for Services',
      'c may be root',
      'c may gain privileges',
      'c keeps capabilities',
      'c adds capabilities',
      'c has no seccomp profile',
      'c may write to its root',
    ])
  })
})
