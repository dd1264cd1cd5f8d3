import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { root } from '../architecture/repository.ts'
import type { Manifest } from './manifests.ts'
import { otherKinds } from './other-kinds.ts'

/** What the schemas of Kubernetes' own API have against an object, as sentences. They do not mind fields that nobody knows: see `unknownFields`. */
export async function apiProblems(manifest: Manifest): Promise<readonly string[]> {
  const other = otherKinds.get(`${manifest.apiVersion} ${manifest.kind}`)
  if (other !== undefined) {
    const { error } = other.safeParse(manifest)
    return error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? []
  }
  const load = validators[`${manifest.apiVersion} ${manifest.kind}`]
  if (load === undefined) throw new Error(`no schema is known for ${manifest.apiVersion} ${manifest.kind}`)
  const { validate } = await load()
  if (validate(manifest)) return []
  // A generated function: it leaves what it found on itself.
  return found
    .parse(Object.assign({}, validate))
    .errors.map(({ instancePath, keyword, params }) => `${instancePath}: ${keyword} ${JSON.stringify(params)}`)
}

const found = z.object({
  errors: z.array(z.object({ instancePath: z.string(), keyword: z.string(), params: z.unknown() })),
})

const validators: Readonly<Record<string, () => Promise<{ validate(data: unknown): boolean }>>> = {
  'v1 ConfigMap': () => import('kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap'),
  'v1 PersistentVolumeClaim': () => import('kubernetes-models/_schemas/IoK8sApiCoreV1PersistentVolumeClaim'),
  'v1 Pod': () => import('kubernetes-models/_schemas/IoK8sApiCoreV1Pod'),
  'v1 Service': () => import('kubernetes-models/_schemas/IoK8sApiCoreV1Service'),
  'v1 ServiceAccount': () => import('kubernetes-models/_schemas/IoK8sApiCoreV1ServiceAccount'),
  'apps/v1 Deployment': () => import('kubernetes-models/_schemas/IoK8sApiAppsV1Deployment'),
  'policy/v1 PodDisruptionBudget': () => import('kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget'),
  'networking.k8s.io/v1 NetworkPolicy': () => import('kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy'),
}

/** Fields that the API does not know, found by the compiler, which refuses them in the literal of a typed object. One run for all objects. */
export function unknownFields(manifests: readonly Manifest[]): string {
  const known = manifests.filter(({ apiVersion, kind }) => !otherKinds.has(`${apiVersion} ${kind}`))
  const lines = known.map((manifest, index) => {
    const type = `import('kubernetes-models/${manifest.apiVersion}/${manifest.kind}').I${manifest.kind}`
    return `export const o${index}: ${type} = ${JSON.stringify(manifest, null, 1)}`
  })
  // Below node_modules, so that the models are found.
  const folder = join(root, 'node_modules', '.cache', 'onetrigger', 'chart')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `objects-${process.pid}.ts`)
  writeFileSync(file, lines.join('\n'))
  const options = ['--noEmit', '--ignoreConfig', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', '']
  try {
    execFileSync(join(root, 'node_modules', '.bin', 'tsc'), [...options, file], { cwd: folder, encoding: 'utf8' })
    return ''
  } catch (error) {
    return z.object({ stdout: z.string() }).parse(error).stdout
  } finally {
    rmSync(file)
  }
}
