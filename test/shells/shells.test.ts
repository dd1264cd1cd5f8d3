import { expect, it } from 'vitest'
import { assertSurvives, hasShell, type ShellName } from '../formats/shells.ts'

const names: readonly ShellName[] = ['dash', 'bash', 'busybox']

it.each(names)('%s is installed', (shell) => {
  expect(hasShell(shell), `install ${shell}, for one from your distribution's packages`).toBe(true)
})

it.each(names)('an event survives an unquoted echo of %s, whatever the name of the file', (shell) => {
  assertSurvives(shell, 1_000)
})
