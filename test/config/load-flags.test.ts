import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { settings } from '../../src/config/settings.ts'
import { aFile, problemsOf, withFile, withFlags } from './load-input.ts'

const env104 = {
  ONEPROVIDER_HOST: 'provider.example.org',
  ONEDATA_ACCESS_TOKEN: 'token-value',
  ONEDATA_SPACE: '/Gamma/',
  ONEDATA_SPACE_FOLDER: '/in/videos/',
  ONETRIGGER_WEBHOOK: 'https://example.org/hook',
}

describe('flags and environment', () => {
  it("describe one trigger in 1.0.4's variables, outer slashes stripped", () => {
    const config = loadConfig(withFlags({}, env104))

    expect(config.sources).toEqual(
      new Map([
        [
          'onedata',
          { type: 'onedata', options: { host: 'provider.example.org', token: { env: 'ONEDATA_ACCESS_TOKEN' } } },
        ],
      ]),
    )
    expect(config.triggers).toEqual([
      expect.objectContaining({
        name: 'default',
        source: 'onedata',
        space: 'Gamma',
        folder: 'in/videos',
        deliver: ['webhook'],
      }),
    ])
    expect(config.targets.get('webhook')).toMatchObject({
      type: 'webhook',
      options: { url: 'https://example.org/hook' },
    })
  })

  it('give the same trigger by flags, and a flag wins over its variable', () => {
    const flags = {
      oneproviderHost: 'flag.example.org:8443',
      token: 'token-value',
      insecure: true,
      space: 'Delta',
      folder: 'out',
      webhook: 'https://example.org/flag',
      stableFor: '5s',
      existing: 'fire',
      via: 'poll',
      pollInterval: '1m',
      reconcileInterval: '1h',
      include: ['*.{avi,mp4}', '*.mkv,*.mov'],
      exclude: ['tmp/**'],
      format: 'classic',
      store: '/data/x.db',
      listen: '127.0.0.1:0',
      exitAfterFailures: '3',
      logLevel: 'debug',
      logFormat: 'pretty',
    }
    const config = loadConfig(
      withFlags(flags, { ...env104, ONETRIGGER_STABLE_FOR: '1h', ONETRIGGER_STORE: '/other.db' }),
    )

    expect(config.sources.get('onedata')?.options).toEqual({
      host: 'flag.example.org:8443',
      token: { env: 'ONEDATA_ACCESS_TOKEN' },
      insecure: true,
      via: 'poll',
      pollInterval: '1m',
      reconcileInterval: '1h',
    })
    expect(config.triggers[0]).toMatchObject({
      space: 'Delta',
      folder: 'out',
      include: ['*.{avi,mp4}', '*.mkv', '*.mov'],
      exclude: ['tmp/**'],
      completion: { stableForMs: 5_000 },
      existing: { kind: 'fire' },
    })
    expect(config).toMatchObject({
      store: { type: 'sqlite', path: '/data/x.db' },
      listen: { host: '127.0.0.1', port: 0 },
      exitAfterFailures: 3,
      log: { level: 'debug', format: 'pretty' },
    })
  })

  it('have a variable for each flag', () => {
    const values: Record<string, string> = {
      ONEPROVIDER_INSECURE: 'yes',
      ONETRIGGER_CA: '/etc/ca.pem',
      ONETRIGGER_STABLE_FOR: '1m',
      ONETRIGGER_EXISTING: 'since:2026-01-01',
      ONETRIGGER_VIA: 'events',
      ONETRIGGER_POLL_INTERVAL: '2s',
      ONETRIGGER_RECONCILE_INTERVAL: '1h',
      ONETRIGGER_INCLUDE: '*.avi, *.mp4',
      ONETRIGGER_EXCLUDE: 'x',
      ONETRIGGER_FORMAT: 'classic',
      ONETRIGGER_STORE: 'memory',
      ONETRIGGER_LISTEN: '0.0.0.0:8080',
      ONETRIGGER_EXIT_AFTER_FAILURES: '5',
      ONETRIGGER_LOG_LEVEL: 'warn',
      ONETRIGGER_LOG_FORMAT: 'pretty',
    }
    const config = loadConfig(withFlags({}, { ...env104, ...values }))

    expect(Object.keys({ ...env104, ...values }).toSorted()).toEqual(settings.map(({ env }) => env).toSorted())
    expect(config.sources.get('onedata')?.options).toMatchObject({ insecure: true, ca: '/etc/ca.pem', via: 'events' })
    expect(config.triggers[0]).toMatchObject({ include: ['*.avi', '*.mp4'], completion: { stableForMs: 60_000 } })
    expect(config).toMatchObject({
      store: { type: 'memory' },
      listen: { host: '0.0.0.0', port: 8080 },
      exitAfterFailures: 5,
      log: { level: 'warn', format: 'pretty' },
    })
  })

  it("that are missing are told all at once, in 1.0.4's words", () => {
    expect(problemsOf(withFlags({}, { ONEDATA_SPACE: '' }))).toEqual([
      'Oneprovider host is not provided. Please set it via "--oneprovider-host" argument or "ONEPROVIDER_HOST" environment variable',
      'Onedata access token is not provided. Please set it via "--token" argument or "ONEDATA_ACCESS_TOKEN" environment variable',
      'Onedata space is not provided. Please set it via "--space" argument or "ONEDATA_SPACE" environment variable',
      'Webhook to send events is not provided. Please set it via "--webhook" argument or "ONETRIGGER_WEBHOOK" environment variable',
    ])
  })

  it('that are wrong are told by the flag or the variable that said it', () => {
    const flags = { stableFor: '20', listen: 'nowhere', webhook: 'example.org' }

    expect(
      problemsOf(withFlags(flags, { ...env104, ONETRIGGER_VIA: 'magic', ONEPROVIDER_HOST: 'https://h/path' })),
    ).toEqual([
      'ONEPROVIDER_HOST: expected a host, host:port or URL without a path',
      'ONETRIGGER_VIA: expected auto, events, changes, poll',
      '--stable-for: expected a duration such as 500ms, 20s, 10m, 2h or 3d',
      '--webhook: expected a URL with its scheme, as https://example.org/hook',
      '--listen: expected HOST:PORT, as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080',
    ])
  })

  it('take a space of slashes alone for none', () => {
    expect(problemsOf(withFlags({ space: '//' }, { ...env104, ONEDATA_SPACE: undefined }))).toEqual([
      '--space: must not be empty',
    ])
  })

  it.each([
    ['true', true],
    ['True', true],
    ['1', true],
    ['yes', true],
    ['on', true],
    ['false', false],
    ['0', false],
    ['no', false],
    ['off', false],
    ['null', false],
    ['', undefined],
  ])('read ONEPROVIDER_INSECURE=%j as %s', (text, insecure) => {
    const config = loadConfig(withFlags({}, { ...env104, ONEPROVIDER_INSECURE: text }))

    expect(config.sources.get('onedata')?.options.insecure).toBe(insecure)
  })

  it('refuse an ONEPROVIDER_INSECURE that is neither yes nor no', () => {
    expect(problemsOf(withFlags({}, { ...env104, ONEPROVIDER_INSECURE: 'maybe' }))).toEqual([
      'ONEPROVIDER_INSECURE: expected true or false',
    ])
  })

  it('take token and webhook from files', () => {
    const env = {
      ...env104,
      ONEDATA_ACCESS_TOKEN: '',
      ONEDATA_ACCESS_TOKEN_FILE: import.meta.filename,
      ONETRIGGER_WEBHOOK: undefined,
      ONETRIGGER_WEBHOOK_FILE: import.meta.filename,
    }
    const config = loadConfig(withFlags({}, env))

    expect(config.sources.get('onedata')?.options.token).toEqual({ file: import.meta.filename })
    expect(config.targets.get('webhook')?.options.url).toEqual({ file: import.meta.filename })
  })

  it('refuse a variable beside the one of its file, but a flag wins over both', () => {
    const env = { ...env104, ONETRIGGER_WEBHOOK_FILE: '/nowhere' }

    expect(problemsOf(withFlags({}, env))).toEqual([
      'ONETRIGGER_WEBHOOK and ONETRIGGER_WEBHOOK_FILE are both set; keep one of them',
    ])
    const config = loadConfig(withFlags({ webhook: 'https://example.org/flag' }, env))
    expect(config.targets.get('webhook')?.options.url).toBe('https://example.org/flag')
  })

  it('keep state in a file of their own for each provider, space and folder, whatever the webhook', () => {
    const pathOf = (change: object) => loadConfig(withFlags({}, { ...env104, ...change })).store
    const path = pathOf({})

    expect(path).toEqual({
      type: 'sqlite',
      path: expect.stringMatching(
        /^\/users\/ada\/\.local\/state\/onetrigger\/provider\.example\.org_gamma_in-videos_\w+\.db$/,
      ),
    })
    expect(pathOf({ ONETRIGGER_WEBHOOK: 'https://example.org/other' })).toEqual(path)
    expect(pathOf({ ONEDATA_SPACE: 'Delta' })).not.toEqual(path)
    expect(pathOf({ ONEDATA_SPACE_FOLDER: '' })).not.toEqual(path)
  })

  it('need only host and token to list spaces', () => {
    const env = { ONEPROVIDER_HOST: 'h', ONEDATA_ACCESS_TOKEN: 't', ONETRIGGER_STABLE_FOR: 'nonsense' }

    const config = loadConfig({ ...withFlags({}, env), need: 'sources' })

    expect([...config.sources.keys()]).toEqual(['onedata'])
    expect(problemsOf({ ...withFlags({}), need: 'sources' })).toHaveLength(2)
  })
})

describe('flags and environment beside a configuration file', () => {
  it('are refused by name where they describe a trigger', () => {
    const flags = { config: 'f.yaml', space: 'Delta', stableFor: '1s' }
    const env = { TOKEN: 't', ONEPROVIDER_HOST: 'h', ONEDATA_ACCESS_TOKEN: 't', ONETRIGGER_VIA: 'poll' }

    expect(problemsOf(withFile(aFile(), { flags, env }))).toEqual(
      ['ONEPROVIDER_HOST', 'ONEDATA_ACCESS_TOKEN', '--space', '--stable-for', 'ONETRIGGER_VIA'].map(
        (name) => `${name} cannot be used with a configuration file: triggers are described in f.yaml`,
      ),
    )
  })

  it('are welcome where the file itself names the variable', () => {
    const text = aFile().replace('env: TOKEN', 'env: ONEDATA_ACCESS_TOKEN')

    const config = loadConfig(withFile(text, { env: { ONEDATA_ACCESS_TOKEN: 't' } }))

    expect(config.sources.get('datahub')?.options.token).toEqual({ env: 'ONEDATA_ACCESS_TOKEN' })
  })

  it('win over the file where they concern the process', () => {
    const rest = 'store: { type: sqlite, path: /file.db }\nlog: { level: error, format: json }\nhttp: { listen: "h:1" }'
    const flags = { config: 'f.yaml', store: '/flag.db', logLevel: 'debug' }
    const env = { TOKEN: 't', ONETRIGGER_LISTEN: 'h:2', ONETRIGGER_STORE: '/env.db' }

    const config = loadConfig(withFile(aFile({ rest }), { flags, env }))

    expect(config).toMatchObject({
      store: { path: '/flag.db' },
      log: { level: 'debug', format: 'json' },
      listen: { host: 'h', port: 2 },
    })
  })

  it('may name the file', () => {
    const config = loadConfig(withFile(aFile(), { flags: {}, env: { TOKEN: 't', ONETRIGGER_CONFIG: 'f.yaml' } }))

    expect(config.triggers[0]?.name).toBe('video')
  })
})
