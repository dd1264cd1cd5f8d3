import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deployAws } from '../../src/cli/deploy.ts'
import type { Io } from '../../src/cli/io.ts'
import type { Flags } from '../../src/config/given.ts'
import { createAwsCloud } from '../../src/deploy/stack/aws/aws-cloud.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { tempDir } from '../support/temp-dir.ts'

/** Looks like a token, and must never be seen. */
export const canary = 'canary-token-never-to-be-seen'

/** A folder that stands for the function's bundle. */
export function aBundle(code = 'export const handler = async () => ({})\n'): string {
  const folder = join(tempDir(), 'lambda')
  mkdirSync(folder)
  writeFileSync(join(folder, 'handler.mjs'), code)
  return folder
}

/** A clock on which every wait is over at once, and has taken its time. */
export function instantClock(): Clock {
  let now = 0
  return {
    now: () => now,
    wall: () => now,
    timer: (delayMs, run) => {
      now += delayMs
      const handle = setImmediate(run)
      return () => clearImmediate(handle)
    },
  }
}

/** What a command printed and how it ended; a failure is its message. */
export interface Deployment {
  readonly out: string
  readonly err: string
  readonly failure: string | null
}

/** What commander gives where a flag was not. */
const defaults: Flags = { every: '1m', timeout: '5m', memory: '512', architecture: 'arm64', logDays: '30' }

/** `onetrigger deploy aws` in this process, with the real SDK. */
export async function deployCommand(
  flags: Flags,
  {
    env = { ONEDATA_ACCESS_TOKEN: canary },
    bundle,
    isTerminal = false,
  }: {
    readonly env?: Readonly<Record<string, string>>
    readonly bundle?: string
    readonly isTerminal?: boolean
  } = {},
): Promise<Deployment> {
  const [out, err]: [string[], string[]] = [[], []]
  const io: Io = {
    env,
    home: '/',
    isTerminal,
    keepToken: () => {},
    print: (line) => out.push(line),
    writeError: (text) => err.push(text),
    untilSignal: () => new AbortController().signal,
  }
  const parts = { createCloud: createAwsCloud, clock: instantClock(), ...(bundle === undefined ? {} : { bundle }) }
  const failure = await deployAws({ ...defaults, ...flags }, io, parts).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  return { out: out.join('\n'), err: err.join(''), failure }
}
