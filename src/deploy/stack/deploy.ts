import { DeployError } from '../../core/errors.ts'
import { sleep } from '../../lib/clock.ts'
import type { Secret } from '../../lib/secret.ts'
import { asMap } from '../definition/loose.ts'
import type { Deployment } from '../deployment.ts'
import type { DeployedSecret, Plan } from '../plan.ts'
import { createTemplate } from '../template/create-template.ts'
import { codeKey, templateText } from './assets.ts'
import type { Cloud, Stack, StackRequest } from './cloud.ts'
import { type Code, makeCode } from './code.ts'
import { type FollowDeps, follow, stackFailed } from './follow.ts'
import { checkGpuQuota } from './gpu-quota.ts'
import { changeableStack, stackMakesTable, templateOf } from './ownership.ts'

/** A function is ready within seconds of its making. */
const readyAttempts = 60

/** What a deployment takes besides what it deploys. */
export interface DeployDeps extends FollowDeps {
  readonly cloud: Cloud
  /** One step, for a person who waits. */
  readonly say: (text: string) => void
  /** Where the code goes through; null = straight into the function. */
  readonly bucket: string | null
  /** The folder of the function's bundle, where it is not the usual one. */
  readonly bundle?: string
}

/** What a deployment did. */
export interface Deployed {
  readonly stack: 'created' | 'updated' | 'unchanged'
  readonly code: 'updated' | 'unchanged'
  /** Names of secrets that were made or got another value. */
  readonly secrets: readonly string[]
}

/** Makes or changes the stack and the code so that they are what `deployment` says; does nothing where they are. Rejects with `DeployError` or `ConfigError`. */
export async function deploy(deployment: Deployment, deps: DeployDeps): Promise<Deployed> {
  const { cloud } = deps
  const { name } = deployment.plan
  const values = secretValues(deployment.plan)
  checkBeforehand(deployment, deps)
  const before = await changeableStack(name, cloud)
  const makesTable = await stackMakesTable(name, before, cloud)
  if (!hasMachines(before, deployment.plan)) await checkGpuQuota(deployment.plan.job, deps)
  const { arns, changed } = await putSecrets(name, values, deps)
  const code = codeOf(deployment, arns, deps)
  const plan: Plan = { ...deployment.plan, makesTable, code: await uploadCode(name, code, deps) }
  const request = { name, template: templateText(plan), parameters: Object.fromEntries(arns) }
  const stack = await putStack(before, request, deps)
  const codeResult = deps.bucket === null ? await putCode(plan, code, deps) : stackBroughtCode(stack)
  await removeUnused(name, new Set(arns.values()), deps)
  return { stack, code: codeResult, secrets: changed }
}

/** Whatever can be wrong without AWS is found before anything is made. */
function checkBeforehand(deployment: Deployment, deps: DeployDeps): void {
  codeOf(deployment, new Map(), deps)
  templateText(deployment.plan)
}

/** Whether the stack has the machines of a plan already. */
function hasMachines(before: Stack | null, plan: Plan): boolean {
  if (before === null) return false
  const machines = (resources: unknown) => JSON.stringify(asMap(resources).ComputeEnvironment)
  return machines(templateOf(before).Resources) === machines(createTemplate(plan).Resources)
}

function codeOf(
  { configuration, files }: Deployment,
  arns: ReadonlyMap<string, string>,
  { bundle }: Pick<DeployDeps, 'bundle'>,
): Code {
  return makeCode(
    configuration(({ parameter }) => arns.get(parameter) ?? ''),
    files,
    bundle,
  )
}

function secretValues({ secrets, jobSecrets }: Plan): readonly (readonly [DeployedSecret, Secret])[] {
  return [...secrets, ...jobSecrets].map((each) => [each, each.read()])
}

async function putSecrets(
  stack: string,
  values: readonly (readonly [DeployedSecret, Secret])[],
  { cloud, say }: DeployDeps,
): Promise<{ readonly arns: ReadonlyMap<string, string>; readonly changed: readonly string[] }> {
  const arns = new Map<string, string>()
  const changed: string[] = []
  for (const [{ name, parameter }, value] of values) {
    const { arn, isNew } = await cloud.putSecret(stack, name, value)
    arns.set(parameter, arn)
    if (!isNew) continue
    say(`secret ${name} put into Secrets Manager`)
    changed.push(name)
  }
  return { arns, changed }
}

async function uploadCode(name: string, code: Code, { cloud, bucket, say }: DeployDeps): Promise<Plan['code']> {
  if (bucket === null) return null
  const key = codeKey(name, code)
  say(`code goes to s3://${bucket}/${key}`)
  await cloud.putObject(bucket, key, code.zip)
  return { bucket, key }
}

async function putStack(before: Stack | null, request: StackRequest, deps: DeployDeps): Promise<Deployed['stack']> {
  const { cloud, say } = deps
  const { name } = request
  if (before === null) {
    say(`making the stack ${name}`)
    await cloud.createStack(request)
    const end = await follow({ id: name, after: null }, deps)
    if (end.stack?.status !== 'CREATE_COMPLETE') throw stackFailed(name, end)
    return 'created'
  }
  if (isSame(before, request)) return 'unchanged'
  const after = await cloud.latestEvent(before.id)
  say(`changing the stack ${name}`)
  if (!(await cloud.updateStack(request))) return 'unchanged'
  const end = await follow({ id: before.id, after }, deps)
  if (end.stack?.status !== 'UPDATE_COMPLETE') throw stackFailed(name, end)
  return 'updated'
}

function isSame(stack: Stack, { template, parameters }: StackRequest): boolean {
  if (JSON.stringify(templateOf(stack)) !== template) return false
  const sorted = (map: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(map).toSorted())
  return sorted(stack.parameters) === sorted(parameters)
}

function stackBroughtCode(stack: Deployed['stack']): Deployed['code'] {
  return stack === 'unchanged' ? 'unchanged' : 'updated'
}

/** Ends when the function runs with that code: it takes nothing while an earlier change is still under way. */
async function putCode(
  { name, architecture }: Plan,
  { zip, sha256 }: Code,
  { cloud, clock, say }: DeployDeps,
): Promise<Deployed['code']> {
  let result: Deployed['code'] = 'unchanged'
  for (let attempt = 0; attempt < readyAttempts; attempt += 1) {
    const known = await cloud.code(name)
    if (known?.isReady === true && known.sha256 === sha256) return result
    if (known?.isReady === true && result === 'unchanged') {
      say('putting the code into the function')
      await cloud.putCode(name, { zip, architecture })
      result = 'updated'
    }
    await sleep(clock, 1_000, new AbortController().signal)
  }
  throw new DeployError(
    'DEPLOY_FAILED',
    `the function ${name} does not become ready; deploy again to put its code into it`,
  )
}

/** Secrets that an earlier deployment needed and this one does not. */
async function removeUnused(name: string, used: ReadonlySet<string>, { cloud, say }: DeployDeps): Promise<void> {
  for (const arn of (await cloud.secrets(name)).filter((each) => !used.has(each))) {
    say('removing a secret that nothing uses any more')
    await cloud.deleteSecret(arn)
  }
}
