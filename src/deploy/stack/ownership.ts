import { DeployError } from '../../core/errors.ts'
import { isObject } from '../../lib/is-object.ts'
import { asMap, type Loose } from '../definition/loose.ts'
import { madeHere } from '../template/template.ts'
import type { Cloud, Stack } from './cloud.ts'
import { advice } from './follow.ts'
import { useOf } from './states.ts'

/** The stack of that name, whatever its state; null = there is none. Rejects where somebody else made one: it would be replaced, or removed. */
export async function ownStack(name: string, cloud: Cloud): Promise<Stack | null> {
  const stack = await cloud.stack(name)
  // A stack that is gone can still be asked for by its id only.
  if (stack === null || stack.status === 'DELETE_COMPLETE') return null
  if (isOwn(stack)) return stack
  throw new DeployError(
    'DEPLOY_STUCK',
    `there is a stack ${name} that this command did not make; choose another --name`,
  )
}

/** As `ownStack`, and in a state in which it can be changed. */
export async function changeableStack(name: string, cloud: Cloud): Promise<Stack | null> {
  const stack = await ownStack(name, cloud)
  if (stack === null) return null
  const use = useOf(stack.status)
  if (use === 'changeable') return stack
  const what = use === 'busy' ? 'is being changed by somebody else; try again when that has ended' : 'cannot be changed'
  throw new DeployError(
    'DEPLOY_STUCK',
    `the stack ${name} stands in ${stack.status} and ${what}${advice(name, stack.status)}`,
  )
}

/** A stack that has a table keeps it; one that an earlier stack left behind is used again. Rejects where somebody else's has the name. */
export async function stackMakesTable(name: string, stack: Stack | null, cloud: Cloud): Promise<boolean> {
  if (stack !== null) return Object.hasOwn(asMap(templateOf(stack).Resources), 'Table')
  const table = await cloud.table(name)
  if (table !== 'foreign') return table === 'none'
  throw new DeployError(
    'DEPLOY_STUCK',
    `there is a table ${name} that this command did not make; choose another --name`,
  )
}

/** The template as a map; empty where it is none of ours. */
export function templateOf({ template }: Pick<Stack, 'template'>): Loose {
  try {
    return asMap(JSON.parse(template ?? ''))
  } catch {
    return {}
  }
}

function isOwn(stack: Stack): boolean {
  return isObject(asMap(templateOf(stack).Metadata)[madeHere])
}
