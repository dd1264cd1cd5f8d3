import type { Flags } from '../config/given.ts'
import { UsageError } from '../core/errors.ts'
import type { FunctionOptions } from '../deploy/deployment.ts'
import { parseDuration } from '../lib/duration.ts'

/** Everything that is said of the function itself. Throws `USAGE`. */
export function functionOptions(flags: Flags): FunctionOptions {
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

/** A flag's text; null where it was not given. */
export function text(flag: Flags[string]): string | null {
  return typeof flag === 'string' && flag !== '' ? flag : null
}
