import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { classic } from '../../src/formats/classic.ts'
import { anEvent } from '../support/builders.ts'

/** Commands that run a script as a POSIX shell of that name would. */
export const shells = { sh: ['sh'], dash: ['dash'], bash: ['bash'], busybox: ['busybox', 'sh'] } as const

export type ShellName = keyof typeof shells

/** Whether this machine has the shell. */
export function hasShell(shell: ShellName): boolean {
  const [command, ...args] = shells[shell]
  return spawnSync(command, [...args, '-c', 'true']).status === 0
}

/** What OSCAR and SCAR's Batch jobs do with an event: hand it on by an unquoted `echo`. */
export function throughEcho(shell: ShellName, event: string): string {
  const [command, ...args] = shells[shell]
  const { stdout } = spawnSync(command, [...args, '-c', 'echo $EVENT'], {
    env: { PATH: '/usr/bin:/bin', EVENT: event },
    encoding: 'utf8',
  })
  return stdout
}

const trouble = fc.constantFrom(...' $`"\'\\*?[]{}()<>|&;~!#%=\t\n\r', '\\n', '\\0101', '\\c', '$(id)', '-n', '  ')
const name = fc
  .array(fc.oneof(trouble, fc.string({ unit: 'binary', minLength: 1, maxLength: 2 })), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join('').replace(/[\0/]/g, '_'))

/** Throws for the first name that does not come out of the shell as it went in. */
export function assertSurvives(shell: ShellName, numRuns: number): void {
  fc.assert(
    fc.property(name, (file) => {
      const received: unknown = JSON.parse(
        throughEcho(shell, classic(anEvent({ path: `in/${file}` }), { shellSafe: true })),
      )
      const plain: unknown = JSON.parse(classic(anEvent({ path: `in/${file}` })))
      if (JSON.stringify(received) !== JSON.stringify(plain)) throw new Error(`${shell} changed the event`)
    }),
    { numRuns },
  )
}
