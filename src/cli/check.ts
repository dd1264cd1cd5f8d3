import type { Finding } from '../app/connect.ts'
import type { Config } from '../config/config.ts'
import type { Flags } from '../config/given.ts'
import { ConfigError } from '../core/errors.ts'
import { type Configured, configure } from './configuration.ts'
import { connectDeps } from './connect-deps.ts'
import { describeTriggers } from './describe-triggers.ts'
import type { Io } from './io.ts'
import { printable } from './printable.ts'

/** `onetrigger check`: all problems, or in words what would be watched; 1 where anything is wrong or, with `--connect`, cannot be reached. */
export async function check(flags: Flags, io: Io): Promise<number> {
  const result = await lookAt(flags, io)
  const failed = result.findings.filter(({ ok }) => !ok)
  const isGood = result.problems.length === 0 && failed.length === 0
  if (flags.json === true) {
    const { config, ...rest } = result
    io.print(JSON.stringify({ ok: isGood, ...rest, triggers: config?.triggers ?? [] }))
    return isGood ? 0 : 1
  }
  for (const problem of result.problems) io.writeError(`error: ${problem}\n`)
  if (result.config !== null) for (const line of describeTriggers(result.config)) io.print(line)
  for (const { part, ok, detail } of result.findings) io.print(`${ok ? 'ok  ' : 'FAIL'}  ${part}: ${printable(detail)}`)
  if (isGood) io.print('The configuration is in order.')
  else io.writeError(`error: ${summary(result.problems.length, failed.length)}\n`)
  return isGood ? 0 : 1
}

interface Result {
  readonly config: Config | null
  readonly problems: readonly string[]
  readonly findings: readonly Finding[]
}

async function lookAt(flags: Flags, io: Io): Promise<Result> {
  let configured: Configured
  try {
    configured = configure(flags, io)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { config: null, problems: error.message.split('\n'), findings: [] }
  }
  const { config, log } = configured
  if (flags.connect !== true) return { config, problems: [], findings: [] }
  const { connectAll } = await import('../app/connect.ts')
  return { config, problems: [], findings: await connectAll(config, connectDeps(log)) }
}

function summary(problems: number, failures: number): string {
  if (problems > 0) return `${problems} ${problems === 1 ? 'problem' : 'problems'}; nothing would run`
  return `${failures} ${failures === 1 ? 'part' : 'parts'} could not be reached`
}
