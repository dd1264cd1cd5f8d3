import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import type { Flags } from '../config/given.ts'
import { configPathOf } from '../config/load.ts'
import { createSecrets } from '../config/secrets.ts'
import { UsageError } from '../core/errors.ts'
import { type Deployment, type FunctionOptions, planDeployment } from '../deploy/deployment.ts'
import { readConfiguration, readDefinition } from '../deploy/read-input.ts'
import { createAwsCloud } from '../deploy/stack/aws/aws-cloud.ts'
import { changeLine } from '../deploy/stack/changes.ts'
import type { Cloud } from '../deploy/stack/cloud.ts'
import { type DeployDeps, type Deployed, deploy } from '../deploy/stack/deploy.ts'
import { type Destroyed, destroy, remains } from '../deploy/stack/destroy.ts'
import { type Difference, diff } from '../deploy/stack/diff.ts'
import { createTemplate } from '../deploy/template/create-template.ts'
import { type Clock, createSystemClock } from '../lib/clock.ts'
import { functionOptions, text } from './deploy-options.ts'
import { StackProgress } from './deploy-progress.ts'
import type { Io } from './io.ts'

/** What a test puts in the place of AWS, of time, and of the built function. */
export interface DeployParts {
  readonly createCloud: (region: string | null) => Cloud
  readonly clock: Clock
  readonly bundle?: string
}

/** `onetrigger deploy aws`: makes, changes, shows or removes the stack. */
export async function deployAws(
  flags: Flags,
  io: Io,
  parts: DeployParts = { createCloud: createAwsCloud, clock: createSystemClock() },
): Promise<number> {
  refuseContradictions(flags)
  const options = functionOptions(flags)
  if (flags.destroy === true) {
    await withCloud(flags, io, parts, (deps) => destroyAll(options.name, flags, { io, deps }))
    return 0
  }
  const deployment = readDeployment(flags, options, io)
  for (const note of deployment.notes) io.writeError(`note: ${note}\n`)
  if (flags.dryRun === true) io.print(templateAsText(deployment, flags))
  else await withCloud(flags, io, parts, (deps) => deployOrCompare(deployment, flags, { io, deps }))
  return 0
}

/** A command and what it works with. */
interface Work {
  readonly io: Io
  readonly deps: DeployDeps & { readonly progress: StackProgress }
}

function refuseContradictions(flags: Flags): void {
  const modes = (['dryRun', 'diff', 'destroy'] as const).filter((mode) => flags[mode] === true)
  if (modes.length > 1) throw new UsageError('USAGE', '--dry-run, --diff and --destroy: give one of them')
  if (flags.keepData === true && flags.deleteData === true) {
    throw new UsageError('USAGE', '--keep-data and --delete-data: give one of them')
  }
  const needsDestroy = (['keepData', 'deleteData', 'yes'] as const).some((flag) => flags[flag] === true)
  if (needsDestroy && flags.destroy !== true) {
    throw new UsageError('USAGE', '--keep-data, --delete-data and --yes belong to --destroy')
  }
}

async function withCloud(
  flags: Flags,
  io: Io,
  { createCloud, clock, bundle }: DeployParts,
  work: (deps: Work['deps']) => Promise<void>,
): Promise<void> {
  const cloud = createCloud(text(flags.region))
  const progress = new StackProgress(io, clock)
  try {
    await work({
      cloud,
      clock,
      progress,
      onEvent: (event) => progress.event(event),
      say: (line) => progress.say(line),
      bucket: text(flags.bucket),
      ...(bundle === undefined ? {} : { bundle }),
    })
  } finally {
    progress.end()
    cloud.close()
  }
}

async function deployOrCompare(deployment: Deployment, flags: Flags, { io, deps }: Work): Promise<void> {
  const { name } = deployment.plan
  if (flags.diff === true) {
    const difference = await diff(deployment, deps)
    const asJson = { name, exists: difference !== null, ...difference }
    return io.print(flags.json === true ? JSON.stringify(asJson) : differenceText(name, difference))
  }
  const deployed = await deploy(deployment, deps)
  deps.progress.end()
  io.print(flags.json === true ? JSON.stringify({ name, ...deployed }) : deployedText(name, deployed))
}

async function destroyAll(name: string, flags: Flags, { io, deps }: Work): Promise<void> {
  const deletesData = flags.deleteData === true
  if (flags.yes !== true) {
    const found = await remains(name, deps.cloud)
    const asJson = { name, ...found, removed: false }
    return io.print(flags.json === true ? JSON.stringify(asJson) : wouldDestroyText(name, found, deletesData))
  }
  const destroyed = await destroy(name, deletesData, deps)
  deps.progress.end()
  io.print(flags.json === true ? JSON.stringify({ name, ...destroyed }) : destroyedText(name, destroyed))
}

function readDeployment(flags: Flags, options: FunctionOptions, io: Io): Deployment {
  const reading = { readFile: (path: string) => readFileSync(path, 'utf8'), env: io.env, home: io.home }
  const configPath = configPathOf(flags, io.env)
  const definition = text(flags.function)
  if (configPath === null && definition === null) {
    throw new UsageError('USAGE', 'say what to deploy: --config onetrigger.yaml, --function FILE, or both')
  }
  const needsSecrets = flags.dryRun !== true && flags.diff !== true
  const secrets = createSecrets(io.env)
  return planDeployment({
    ...options,
    configuration: configPath === null ? null : readConfiguration(configPath, needsSecrets, reading),
    definition: definition === null ? null : readDefinition(definition, reading),
    secret: (ref) => secrets(ref).get(),
  })
}

function templateAsText({ plan }: Deployment, flags: Flags): string {
  const template = createTemplate(plan)
  if (flags.json === true) return JSON.stringify(template, null, 2)
  return stringify(template, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd()
}

function differenceText(name: string, difference: Difference | null): string {
  if (difference === null) return `there is no stack ${name}: everything would be made`
  const lines = difference.changes.map(changeLine)
  if (difference.code) lines.push('~ the code of the function, or the configuration beside it')
  return lines.length === 0 ? `nothing would change in the stack ${name}` : lines.join('\n')
}

function deployedText(name: string, { stack, code, secrets }: Deployed): string {
  const parts = [`stack ${stack}`, `code ${code}`, `${secrets.length === 0 ? 'no' : secrets.length} secrets changed`]
  return `${name}: ${parts.join(', ')}`
}

function wouldDestroyText(
  name: string,
  { stack, secrets, table }: Awaited<ReturnType<typeof remains>>,
  deletesData: boolean,
): string {
  const found = [
    ...(stack ? [`the stack ${name}`] : []),
    ...(secrets === 0 ? [] : [`${secrets} secrets`]),
    ...(table && deletesData ? [`the table ${name} with its state`] : []),
  ]
  const kept = table && !deletesData ? ` The table ${name} would be kept; --delete-data removes it too.` : ''
  if (found.length === 0) return `there is nothing to remove under the name ${name}.${kept}`
  return `${found.join(' and ')} would be removed.${kept} Nothing was done; say --yes.`
}

function destroyedText(name: string, { stack, secrets, table }: Destroyed): string {
  const tableText = {
    removed: 'table removed',
    kept: `table kept (onetrigger deploy aws --destroy --delete-data --yes --name ${name} removes it)`,
    none: 'there is no table',
  }[table]
  return `${name}: ${stack ? 'stack removed' : 'there was no stack'}, ${secrets} secrets removed, ${tableText}`
}
