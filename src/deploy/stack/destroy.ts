import type { Cloud } from './cloud.ts'
import type { DeployDeps } from './deploy.ts'
import { follow, stackFailed } from './follow.ts'
import { ownStack } from './ownership.ts'

/** What is there of a deployment. */
export interface Remains {
  readonly stack: boolean
  readonly secrets: number
  readonly table: boolean
}

/** What was removed, and what was kept. */
export interface Destroyed {
  readonly stack: boolean
  readonly secrets: number
  readonly table: 'removed' | 'kept' | 'none'
}

/** What `destroy` would find. */
export async function remains(name: string, cloud: Cloud): Promise<Remains> {
  return {
    stack: (await ownStack(name, cloud)) !== null,
    secrets: (await cloud.secrets(name)).length,
    table: (await cloud.table(name)) === 'ours',
  }
}

/** Removes a stack and its secrets, and the table where that is asked for. What is gone already is no failure. Rejects with `DeployError`. */
export async function destroy(
  name: string,
  deletesData: boolean,
  deps: Pick<DeployDeps, 'cloud' | 'clock' | 'onEvent' | 'say'>,
): Promise<Destroyed> {
  const { cloud } = deps
  const stack = await destroyStack(name, deps)
  // Only now: a stack that could not be removed runs on with them.
  const secrets = await cloud.secrets(name)
  for (const arn of secrets) await cloud.deleteSecret(arn)
  return { stack, secrets: secrets.length, table: await destroyTable(name, deletesData, deps) }
}

async function destroyStack(name: string, deps: Parameters<typeof destroy>[2]): Promise<boolean> {
  const { cloud, say } = deps
  const stack = await ownStack(name, cloud)
  if (stack === null) return false
  const after = await cloud.latestEvent(stack.id)
  say(`removing the stack ${name}`)
  await cloud.deleteStack(name)
  // By its id: a name is free again at once. The first look may still find it as it was.
  const isEnd = (status: string) => status === 'DELETE_FAILED'
  const end = await follow({ id: stack.id, after, isEnd }, deps)
  if (end.stack !== null) throw stackFailed(name, end)
  return true
}

async function destroyTable(
  name: string,
  deletesData: boolean,
  { cloud, say }: Pick<DeployDeps, 'cloud' | 'say'>,
): Promise<Destroyed['table']> {
  if ((await cloud.table(name)) !== 'ours') return 'none'
  if (!deletesData) return 'kept'
  say(`removing the table ${name}`)
  await cloud.deleteTable(name)
  return 'removed'
}
