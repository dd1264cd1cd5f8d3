import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import type { Flags } from '../config/given.ts'
import { configPathOf } from '../config/load.ts'
import { createSecrets } from '../config/secrets.ts'
import { UsageError } from '../core/errors.ts'
import { type Deployment, type FunctionOptions, planDeployment } from '../deploy/deployment.ts'
import { readConfiguration, readDefinition } from '../deploy/read-input.ts'
import { createTemplate } from '../deploy/template/create-template.ts'
import { parseDuration } from '../lib/duration.ts'
import type { Io } from './io.ts'

/** `onetrigger deploy aws`: makes, changes, shows or removes the stack. */
export async function deployAws(flags: Flags, io: Io): Promise<number> {
  const options = functionOptions(flags)
  const deployment = readDeployment(flags, options, io)
  for (const note of deployment.notes) io.writeError(`note: ${note}\n`)
  const template = createTemplate(deployment.plan)
  io.print(
    flags.json === true
      ? JSON.stringify(template, null, 2)
      : stringify(template, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd(),
  )
  return 0
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

/** Everything that is said of the function itself. */
function functionOptions(flags: Flags): FunctionOptions {
  const name = text(flags.name) ?? 'onetrigger'
  if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    throw new UsageError(
      'USAGE',
      '--name is made of lower-case letters, digits and hyphens, at most 63, and begins with a letter',
    )
  }
  return {
    name,
    everyMinutes: whole(flags, 'every', 60_000, 'minutes', 1, 1_440),
    timeoutS: whole(flags, 'timeout', 1_000, 'seconds', 10, 900),
    memory: between('--memory', Number(flags.memory), 128, 10_240),
    architecture: architectureOf(text(flags.architecture)),
    logRetentionDays: retentionOf(Number(flags.logDays)),
    alarmTopic: text(flags.alarmTopic),
  }
}

/** A duration that is a whole number of what AWS counts in. */
function whole(flags: Flags, flag: 'every' | 'timeout', unitMs: number, units: string, least: number, most: number) {
  const value = (parseDuration(text(flags[flag]) ?? '') ?? Number.NaN) / unitMs
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new UsageError('USAGE', `--${flag}: expected a duration of whole ${units}, ${least} to ${most} of them`)
}

function between(flag: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new UsageError('USAGE', `${flag} must be a whole number from ${least} to ${most}`)
}

const architectures = ['arm64', 'x86_64'] as const

function architectureOf(text: string | null): FunctionOptions['architecture'] {
  const found = architectures.find((each) => each === text)
  if (found === undefined) throw new UsageError('USAGE', `--architecture: expected ${architectures.join(' or ')}`)
  return found
}

/** CloudWatch takes these and no others. */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]

function retentionOf(days: number): number {
  if (retentions.includes(days)) return days
  throw new UsageError('USAGE', `--log-days: CloudWatch takes ${retentions.join(', ')}`)
}

function text(flag: Flags[string]): string | null {
  return typeof flag === 'string' && flag !== '' ? flag : null
}
