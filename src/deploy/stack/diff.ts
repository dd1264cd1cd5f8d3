import type { Deployment } from '../deployment.ts'
import { codeKey, templateText } from './assets.ts'
import { type Change, changesBetween } from './changes.ts'
import { makeCode } from './code.ts'
import type { DeployDeps } from './deploy.ts'
import { ownStack, stackMakesTable, templateOf } from './ownership.ts'

/** What a deployment would change. */
export interface Difference {
  readonly changes: readonly Change[]
  /** Whether the function would get other code, or another configuration beside it. */
  readonly code: boolean
}

/** What `deploy` would change; null = everything, for there is no stack. Reads no secret, so that values of secrets are not compared. */
export async function diff(
  deployment: Deployment,
  { cloud, bucket, bundle }: Pick<DeployDeps, 'cloud' | 'bucket' | 'bundle'>,
): Promise<Difference | null> {
  const { plan, files, configuration } = deployment
  const { name } = plan
  const before = await ownStack(name, cloud)
  if (before === null) return null
  const { parameters } = before
  const code = makeCode(
    configuration(({ parameter }) => parameters[parameter] ?? ''),
    files,
    bundle,
  )
  const place = bucket === null ? null : { bucket, key: codeKey(name, code) }
  const wanted = { ...plan, makesTable: await stackMakesTable(name, before, cloud), code: place }
  const known = await cloud.code(name)
  return {
    changes: changesBetween(templateOf(before), JSON.parse(templateText(wanted))),
    code: known?.sha256 !== code.sha256,
  }
}
