import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { root } from '../../architecture/repository.ts'
import { type Manifest, parseManifests } from '../manifests.ts'
import { render } from './helm.ts'

// What charts rendered when they were released, with the values beside it. At a release, for `minimal` and `postgres` of test/chart/values:
//   helm template ot charts/onetrigger --namespace bridges --values VALUES > test/chart/released/VERSION/NAME.yaml
const released = join(root, 'test', 'chart', 'released')
const installations = readdirSync(released).flatMap((version) =>
  ['minimal', 'postgres'].map((name) => ({ version, name, path: join(released, version, name) })),
)

const labels = z.record(z.string(), z.string())

const claimSchema = z.object({
  accessModes: z.array(z.string()),
  storageClassName: z.string().optional(),
  resources: z.object({ requests: z.object({ storage: z.string() }) }),
})

const deploymentSchema = z.object({
  selector: z.object({ matchLabels: labels }),
  template: z.object({
    metadata: z.object({ labels }),
    spec: z.object({
      volumes: z.array(z.looseObject({ name: z.string() })),
      containers: z.array(
        z.object({ name: z.string(), volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })) }),
      ),
    }),
  }),
})

function some(manifests: readonly Manifest[], kind: string): readonly Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind)
}

/** What of a claim cannot be changed, and what keeps it. */
function claims(manifests: readonly Manifest[]) {
  return some(manifests, 'PersistentVolumeClaim').map(({ metadata, spec }) => ({
    name: metadata.name,
    policy: metadata.annotations['helm.sh/resource-policy'],
    spec: claimSchema.parse(spec),
  }))
}

/** What of a Deployment cannot be changed, and where its state is. */
function deployments(manifests: readonly Manifest[]) {
  return some(manifests, 'Deployment').map(({ metadata, spec }) => {
    const { selector, template } = deploymentSchema.parse(spec)
    const [container] = template.spec.containers
    return {
      name: metadata.name,
      selector,
      state: template.spec.volumes.find(({ name }) => name === 'state'),
      mounted: container?.volumeMounts.filter(({ name }) => ['state', 'secrets', 'config'].includes(name)),
    }
  })
}

describe.each(installations)('an upgrade from $version with the values $name', ({ path }) => {
  const before = parseManifests(readFileSync(`${path}.yaml`, 'utf8'))
  const upgraded = async () => parseManifests(await render('ot', '--values', `${path}.values.yaml`))

  it('keeps the claim, and keeps it on uninstalling', async () => {
    expect(claims(before).map(({ policy }) => policy)).toEqual(path.endsWith('minimal') ? ['keep'] : [])
    expect(claims(await upgraded())).toEqual(claims(before))
  })

  it('can be carried out: nothing changes that Kubernetes does not let change', async () => {
    expect(deployments(before).length).toBe(1)
    expect(deployments(await upgraded())).toEqual(deployments(before))
  })

  it('keeps the address at which it answers, also while old pods run', async () => {
    const [old] = some(before, 'Service')
    const [service] = some(await upgraded(), 'Service')
    const { selector } = z.object({ selector: labels }).parse(service?.spec)
    const [deployment] = some(before, 'Deployment')
    const pod = deploymentSchema.parse(deployment?.spec).template.metadata.labels

    expect(service?.metadata.name).toBe(old?.metadata.name)
    expect(pod).toMatchObject(selector)
  })
})
