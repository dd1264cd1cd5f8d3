import { describe, expect, it } from 'vitest'
import { describeFailure } from '../../src/cli/failure.ts'
import { ConfigError, InvariantError, SourceError, StoreError } from '../../src/core/errors.ts'

describe('a failure', () => {
  it('of the configuration is one line for each problem', () => {
    expect(describeFailure(new ConfigError('CONFIG_INVALID', 'a: x\nb: y'))).toEqual(['error: a: x', 'error: b: y'])
  })

  it('of any other kind has its code, to look it up', () => {
    expect(describeFailure(new StoreError('STORE_LOCKED', 'another process has it'))).toEqual([
      'error: another process has it (STORE_LOCKED)',
    ])
  })

  it.each([
    ['SOURCE_UNAUTHORIZED', /^error: Invalid token: refused \(SOURCE_UNAUTHORIZED\)$/],
    [
      'SOURCE_SPACE_UNKNOWN',
      /^error: The space does not exist: refused\. Please check the available spaces with the "list-spaces" subcommand\./,
    ],
    ['SOURCE_UNREACHABLE', /^error: Error connecting to provider host: refused/],
  ] as const)('that 1.0.4 knew has its words: %s', (code, line) => {
    expect(describeFailure(new SourceError(code, 'refused'))).toEqual([expect.stringMatching(line)])
  })

  it('of several parts is told part by part', () => {
    const failures = [new StoreError('STORE_FULL', 'full'), new ConfigError('CONFIG_INVALID', 'bad')]

    expect(describeFailure(new AggregateError(failures))).toEqual(['error: full (STORE_FULL)', 'error: bad'])
  })

  it.each([new InvariantError('impossible'), new TypeError('x is not a function')])(
    'of our own comes with its stack: %s',
    (error) => {
      const lines = describeFailure(error)

      expect(lines[0]).toContain('a defect of OneTrigger (INVARIANT)')
      expect(lines.join('\n')).toContain('failure.test.ts')
    },
  )

  it('lets no name that a provider told steer the terminal', () => {
    const [esc, name] = [String.fromCharCode(27), 'a@1']

    expect(describeFailure(new SourceError('SOURCE_PROTOCOL', `"${esc}[31m${name}"`))).toEqual([
      `error: "\ufffd[31m${name}" (SOURCE_PROTOCOL)`,
    ])
    expect(describeFailure(new TypeError(esc)).join('')).not.toContain(esc)
  })

  it('shows nothing of an error but its message and stack', () => {
    const error = Object.assign(new Error('Request failed'), { config: { headers: { 'X-Auth-Token': 'canary' } } })

    expect(describeFailure(error).join('\n')).not.toContain('canary')
    expect(describeFailure('canary')).not.toContain('canary')
  })
})
