import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createSecrets } from '../../src/config/secrets.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { tempDir } from '../support/temp-dir.ts'

describe('a secret in a variable', () => {
  it('is read when it is asked for, without its line break', () => {
    const env: Record<string, string> = {}
    const source = createSecrets(env)({ env: 'HOOK_KEY' })
    env.HOOK_KEY = 'one\n'

    expect(source.get().reveal()).toBe('one')
    env.HOOK_KEY = 'two'
    expect(source.refresh().reveal()).toBe('two')
  })

  it.each([{}, { HOOK_KEY: '' }, { HOOK_KEY: '\n' }])('is missing when the variable is empty or absent', (env) => {
    expect(() => createSecrets(env)({ env: 'HOOK_KEY' }).get()).toThrow(
      expect.objectContaining({
        code: 'CONFIG_SECRET_MISSING',
        message: 'a secret is missing: the environment variable HOOK_KEY is not set',
      }),
    )
  })

  it.each(['__proto__', 'constructor', 'toString'])(
    'is missing when no variable but every object has the name %s',
    (env) => {
      expect(() => createSecrets({})({ env }).get()).toThrow(
        expect.objectContaining({
          code: 'CONFIG_SECRET_MISSING',
          message: `a secret is missing: the environment variable ${env} is not set`,
        }),
      )
    },
  )
})

describe('a secret of AWS', () => {
  const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf'

  it('comes from whoever knows ARNs', () => {
    const secret = createSecrets({}, (asked) => fixedSecret(`the value of ${asked}`))

    expect(secret({ arn }).get().reveal()).toBe(`the value of ${arn}`)
  })

  it('is missing elsewhere, with the way out', () => {
    expect(() => createSecrets({})({ arn }).get()).toThrow(
      expect.objectContaining({
        code: 'CONFIG_SECRET_MISSING',
        message: `a secret is missing: ${arn} can be read by the scheduled function only; here it takes { env } or { file }`,
      }),
    )
  })
})

describe('a secret in a file', () => {
  it('is read without its line break, and blanks stay', () => {
    const path = write(tempDir(), ' value \r\n')

    expect(createSecrets({})({ file: path }).get().reveal()).toBe(' value ')
  })

  it('is read again when the file has changed, in its time, its size or its place', () => {
    const folder = tempDir()
    const path = write(folder, 'one')
    const source = createSecrets({})({ file: path })
    const values = [source.get().reveal()]

    writeFileSync(path, 'second')
    values.push(source.get().reveal())
    writeFileSync(path, 'third!')
    utimesSync(path, 1, 1)
    values.push(source.get().reveal())
    writeFileSync(join(folder, 'next'), 'fourth')
    utimesSync(join(folder, 'next'), 1, 1)
    renameSync(join(folder, 'next'), path)
    values.push(source.get().reveal())

    expect(values).toEqual(['one', 'second', 'third!', 'fourth'])
  })

  it('is read at once on refresh, although nothing of the file tells that it changed', () => {
    const path = write(tempDir(), 'one')
    utimesSync(path, 1, 1)
    const source = createSecrets({})({ file: path })
    source.get()
    writeFileSync(path, 'two')
    utimesSync(path, 1, 1)

    expect(source.get().reveal()).toBe('one')
    expect(source.refresh().reveal()).toBe('two')
    expect(source.get().reveal()).toBe('two')
  })

  it('keeps its value while the file is being replaced, but a refresh tells that there is none', () => {
    const path = write(tempDir(), 'one')
    const source = createSecrets({})({ file: path })
    source.get()
    rmSync(path)

    expect(source.get().reveal()).toBe('one')
    expect(() => source.refresh()).toThrow(`the file ${path} cannot be read (ENOENT)`)
  })

  it.each([
    ['is empty', '\n', 'is empty'],
    ['is no secret but a large file', 'x'.repeat(65_537), 'is too large for a secret'],
  ])('is missing when it %s', (_what, content, message) => {
    const path = write(tempDir(), content)

    expect(() => createSecrets({})({ file: path }).get()).toThrow(`the file ${path} ${message}`)
  })

  it('is missing when the file is not there, or a folder', () => {
    const folder = tempDir()

    expect(() => createSecrets({})({ file: join(folder, 'none') }).get()).toThrow('cannot be read (ENOENT)')
    expect(() => createSecrets({})({ file: folder }).get()).toThrow('cannot be read (EISDIR)')
  })
})

function write(folder: string, content: string): string {
  const path = join(folder, 'secret')
  writeFileSync(path, content)
  return path
}
