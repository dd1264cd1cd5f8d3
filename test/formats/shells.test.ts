import { expect, it } from 'vitest'
import { classic } from '../../src/formats/classic.ts'
import { anEvent } from '../support/builders.ts'
import { nastyName } from './events.ts'
import { assertSurvives, throughEcho } from './shells.ts'

// Every POSIX system has `sh`; `npm run test:shells` does the same in dash, bash and busybox.
it('the shell-safe event survives an unquoted echo of this system’s shell, whatever the name', () => {
  assertSurvives('sh', 300)
})

it('the plain event does not: that is what the spelling is for', () => {
  const event = classic(anEvent({ path: `in/${nastyName}` }))
  expect(throughEcho('sh', event).trimEnd()).not.toBe(event)
})
