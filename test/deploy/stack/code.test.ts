import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { functionConfiguration } from '../../../src/deploy/function-configuration.ts'
import { makeCode } from '../../../src/deploy/stack/code.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { aBundle } from '../deploying.ts'
import { unzip } from '../unzip.ts'

it('holds the bundle, its entry, the configuration with ARNs, and certificates where the configuration finds them', () => {
  const certificate = join(tempDir(), 'provider.pem')
  writeFileSync(certificate, 'a certificate')
  const configuration = functionConfiguration(
    {
      sources: { datahub: { type: 'onedata', host: 'h', token: { env: 'TOKEN' }, ca: certificate } },
      targets: { hook: { type: 'webhook', url: { env: 'HOOK' }, headers: { Authorization: { env: 'TOKEN' } } } },
      http: { listen: '127.0.0.1:1' },
      log: { level: 'debug', format: 'json' },
      store: { type: 'sqlite', path: '/x' },
    },
    { name: 'stack', read: () => new Secret('canary') },
  )
  const withArns = configuration.withArns(({ parameter }) => `arn:of:${parameter}`)

  const files = unzip(makeCode(withArns, configuration.files, aBundle('// code\n')).zip)

  const [name] = configuration.files.map((file) => file.name)
  expect([...files.keys()]).toEqual([name, 'handler.mjs', 'index.mjs', 'onetrigger.yaml'])
  expect(files.get('index.mjs')).toBe("export { handler } from './handler.mjs'\n")
  expect(files.get(name ?? '')).toBe('a certificate')
  expect(parse(files.get('onetrigger.yaml') ?? '')).toEqual({
    sources: {
      datahub: { type: 'onedata', host: 'h', token: { arn: 'arn:of:SourcesDatahubToken' }, ca: `/var/task/${name}` },
    },
    // The same secret stands once in AWS, wherever it is used.
    targets: {
      hook: {
        type: 'webhook',
        url: { arn: 'arn:of:TargetsHookUrl' },
        headers: { Authorization: { arn: 'arn:of:SourcesDatahubToken' } },
      },
    },
    log: { level: 'debug' },
    store: { type: 'dynamodb', table: 'stack' },
  })
  expect(JSON.stringify([...files])).not.toContain('canary')
})

it('refuses a command of this machine', () => {
  const raw = { targets: { local: { type: 'exec', command: ['./x'] } } }

  expect(() => functionConfiguration(raw, { name: 'x', read: () => new Secret('') })).toThrow(
    'targets.local: a command of this machine cannot run in Lambda',
  )
})

it('says which certificate is missing', () => {
  expect(() => makeCode({}, [{ path: '/absent.pem', name: 'a' }], aBundle())).toThrow(
    '/absent.pem cannot be read (ENOENT)',
  )
})
