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
  const { schema } = placeOf(manifest)
  // A generated function of kubernetes-models; it leaves what it found on itself.
  const { validate } = validator.parse(await import(`kubernetes-models/_schemas/${schema}`))
  if (validate(manifest) === true) return []
  return z
    .object({ errors: z.array(z.object({ instancePath: z.string(), keyword: z.string(), params: z.unknown() })) })
    .parse(Object.assign({}, validate))
    .errors.map(({ instancePath, keyword, params }) => `${instancePath}: ${keyword} ${JSON.stringify(params)}`)
}

const validator = z.object({ validate: z.custom<(value: unknown) => unknown>((value) => typeof value === 'function') })

/** Fields that the API does not know, found by the compiler, which refuses them in the literal of a typed object. One run for all objects. */
export function unknownFields(manifests: readonly Manifest[]): string {
  const known = manifests.filter(({ apiVersion, kind }) => !otherKinds.has(`${apiVersion} ${kind}`))
  const lines = known.map((manifest, index) => {
    const { module, type } = placeOf(manifest)
    return `export const o${index}: import('${module}').${type} = ${JSON.stringify(manifest, null, 1)}`
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

const groups: Readonly<Record<string, readonly [schema: string, module: string]>> = {
  v1: ['CoreV1', 'v1'],
  'apps/v1': ['AppsV1', 'apps/v1'],
  'policy/v1': ['PolicyV1', 'policy/v1'],
  'networking.k8s.io/v1': ['NetworkingV1', 'networking.k8s.io/v1'],
}

function placeOf({ apiVersion, kind }: Manifest) {
  const group = groups[apiVersion]
  if (group === undefined) throw new Error(`no schema is known for ${apiVersion} ${kind}`)
  return { schema: `IoK8sApi${group[0]}${kind}`, module: `kubernetes-models/${group[1]}/${kind}`, type: `I${kind}` }
}
