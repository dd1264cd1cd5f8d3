import { describe, expect, it } from 'vitest'
import { createLogger, type LoggerOptions } from '../../src/observability/logger.ts'
import { formatLine } from '../../src/observability/pretty.ts'

function logTo(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = []
  const log = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line), ...options })
  return { log, lines }
}

describe('the log for machines', () => {
  it('is one JSON object for each line, with level and time as words', () => {
    const { log, lines } = logTo()

    log.child({ source: 'datahub' }).warn({ attempt: 2 }, 'the stream was cut')

    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('\n')).toBe(true)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      source: 'datahub',
      attempt: 2,
      msg: 'the stream was cut',
    })
  })

  it('leaves out what is below its level', () => {
    const { log, lines } = logTo({ level: 'warn' })

    log.info({}, 'hidden')
    log.error({}, 'shown')

    expect(lines).toHaveLength(1)
  })

  it.each([
    { token: 'canary' },
    { Authorization: 'canary' },
    { target: { secret: 'canary', password: 'canary' } },
    { headers: { 'X-Auth-Token': 'canary', authorization: 'canary', cookie: 'canary' } },
    { request: { headers: { 'x-auth-token': 'canary' } } },
  ])('takes secrets out of %j', (fields) => {
    const { log, lines } = logTo()

    log.info(fields, 'asked')

    expect(lines[0]).toContain('[secret]')
    expect(lines[0]).not.toContain('canary')
  })

  it('takes of an error what every error has, and of its cause: HTTP clients hang the request with its token on it', () => {
    const { log, lines } = logTo()
    const cause = Object.assign(new Error('socket hang up'), {
      code: 'ECONNRESET',
      config: { headers: { x: 'canary' } },
    })
    const err = Object.assign(new Error('refused', { cause }), { request: { path: 'canary' } })

    log.error({ err }, 'failed')
    log.error({ err: 'canary' }, 'failed')

    expect(lines.join('')).not.toContain('canary')
    expect(JSON.parse(lines[0] ?? '').err).toMatchObject({
      type: 'Error',
      message: 'refused',
      cause: { code: 'ECONNRESET', message: 'socket hang up' },
    })
  })
})

describe('the log for people', () => {
  it('is one line with the time of day, and data behind the message', () => {
    const { log, lines } = logTo({ format: 'pretty' })

    log.info({ file: 'in/a b.txt', size: 9, spaceId: 's1', because: '' }, 'the file is complete')

    expect(lines).toEqual([
      expect.stringMatching(
        /^\d\d:\d\d:\d\d INFO {2}the file is complete {2}file="in\/a b\.txt" size=9 spaceId=s1 because=""\n$/,
      ),
    ])
  })

  it('says nothing behind a message without data', () => {
    expect(formatLine('{"level":"error","time":"2026-01-01T00:00:00Z","msg":"gone"}')).toMatch(/^\S+ ERROR gone\n$/)
  })

  it('shows the stack of an error and of its cause below', () => {
    const { log, lines } = logTo({ format: 'pretty' })

    log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')

    expect(lines[0]).toMatch(/ERROR failed\n {4}Error: outer\n {4} {4}at [\s\S]*\n {4}Error: inner\n/)
  })

  it('lets no name of a file steer the terminal or pretend to be a line', () => {
    const { log, lines } = logTo({ format: 'pretty' })

    log.info({ file: 'a\n18:00:00 ERROR \u001b[31m\u009b\u202e' }, 'seen')

    expect(lines[0]?.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })
})
