import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { defaultIgnore } from '../../src/core/matching.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import { aFile, problemsOf, withFile } from './load-input.ts'

describe('a configuration file', () => {
  it('needs little: everything else has a default', () => {
    const config = loadConfig(withFile(aFile()))

    expect(config.sources.get('datahub')).toEqual({
      type: 'onedata',
      options: { host: 'provider.example.org', token: { env: 'TOKEN' } },
    })
    expect(config.triggers).toEqual([
      {
        name: 'video',
        source: 'datahub',
        space: 'Gamma',
        folder: '',
        include: [],
        exclude: [],
        completion: {
          stableForMs: 20_000,
          stalledAfterMs: 900_000,
          marker: null,
          xattr: null,
          declaredSize: null,
          checksum: null,
          ignore: defaultIgnore,
          holes: 'veto',
          vetoForMs: 3_600_000,
          cdmi: false,
          emptyFiles: 'hold',
        },
        revisions: 'each',
        existing: { kind: 'ignore' },
        deliver: ['hook'],
        deliverStalled: [],
      },
    ])
    expect(config.targets.get('hook')).toEqual({
      type: 'webhook',
      options: { url: 'https://example.org/hook' },
      perSecond: null,
      disableAfterMs: null,
      concurrency: 16,
      timeoutMs: 30_000,
      retry: defaultRetry,
    })
    expect(config).toMatchObject({
      store: { type: 'sqlite', path: '/users/ada/.local/state/onetrigger/onetrigger.db' },
      listen: null,
      log: { level: 'info', format: 'json' },
      exitAfterFailures: null,
    })
  })

  it('can say everything', () => {
    const text = `
sources:
  a: { type: onedata, zone: zone.example.org, token: { env: TOKEN }, via: poll, pollInterval: 1m }
targets:
  hook:
    type: webhook
    url: https://example.org/hook
    secret: { env: HOOK_KEY }
    concurrency: 4
    timeout: 5s
    retry: { delays: [1s, 1m], maxAge: 1h, jitter: 0, retryAfterCap: 2m }
    rate: 2.5
    disableAfter: 5d
  ops: { type: webhook, url: https://example.org/ops }
triggers:
  video:
    watch: { source: a, space: "Gamma@id1", folder: /in//videos/, include: ["*.avi"], exclude: ["tmp/**"] }
    completion:
      { stableFor: 1.5s, stalledAfter: 2h, marker: "{name}.done", xattr: "state=ready=yes", declaredSize: size,
        checksum: md5, ignore: [], holes: ignore, vetoFor: 5m, cdmi: true, emptyFiles: fire }
    revisions: once
    existing: since:2026-11-23T10:00:00+01:00
    deliver: [hook]
    deliverStalled: [hook]
    renamedFrom: film
notices: { deliver: [ops], events: [file.stalled, delivery.dead] }
store: { type: memory }
http: { listen: "[::1]:8080" }
log: { level: debug, format: pretty }
exitAfterFailures: 3
`
    const config = loadConfig(withFile(text))

    expect(config.triggers[0]).toMatchObject({
      space: 'Gamma@id1',
      folder: 'in/videos',
      include: ['*.avi'],
      exclude: ['tmp/**'],
      completion: {
        stableForMs: 1_500,
        marker: '{name}.done',
        xattr: { key: 'state', value: 'ready=yes' },
        declaredSize: 'size',
        checksum: 'md5',
        ignore: [],
        vetoForMs: 300_000,
        cdmi: true,
      },
      revisions: 'once',
      existing: { kind: 'since', timeMs: Date.UTC(2026, 10, 23, 9) },
      deliverStalled: ['hook', 'ops'],
    })
    expect(config.notices).toEqual({ deliver: ['ops'], events: ['file.stalled', 'delivery.dead'] })
    expect(config.targets.get('hook')).toEqual({
      type: 'webhook',
      options: { url: 'https://example.org/hook', secret: { env: 'HOOK_KEY' } },
      concurrency: 4,
      timeoutMs: 5_000,
      retry: { delaysMs: [1_000, 60_000], maxAgeMs: 3_600_000, jitter: 0, retryAfterCapMs: 120_000 },
      perSecond: 2.5,
      disableAfterMs: 5 * 86_400_000,
    })
    expect(config.renamedFrom).toEqual(new Map([['video', 'film']]))
    expect(config.store).toEqual({ type: 'memory' })
    expect(config.listen).toEqual({ host: '::1', port: 8080 })
    expect(config.log).toEqual({ level: 'debug', format: 'pretty' })
    expect(config.exitAfterFailures).toBe(3)
  })

  it('is frozen, options of adapters too', () => {
    const config = loadConfig(withFile(aFile()))

    expect(Object.isFrozen(config.triggers[0]?.completion)).toBe(true)
    expect(Object.isFrozen(config.targets.get('hook')?.options)).toBe(true)
  })

  it('has all its problems told at once, each with line, path and what was expected', () => {
    const text = `sources:
  datahub: { type: onedata, host: h.example, token: { env: MISSING } }
  other: { type: onedta }
targets:
  hook: { type: webhook, url: "nope", concurrency: 0 }
triggers:
  video:
    watch: { source: datahup, space: 5 }
    completion: { stablefor: 20s, marker: done, stalledAfter: 5 }
    deliver: [hok, hook, hook]
  Film:
    watch: { source: datahub, space: s }
htp: {}
`
    expect(problemsOf(withFile(text))).toEqual([
      'f.yaml:3: sources.other.type: unknown type; did you mean "onedata"?',
      'f.yaml:5: targets.hook.url: expected a URL with its scheme, as https://example.org/hook',
      'f.yaml:5: targets.hook.concurrency: must be at least 1',
      'f.yaml:8: triggers.video.watch.space: expected text; put the value in quotes',
      'f.yaml:8: triggers.video.watch.source: there is no source "datahup"; did you mean "datahub"?',
      'f.yaml:9: triggers.video.completion.stalledAfter: expected a duration such as 500ms, 20s, 10m, 2h or 3d',
      'f.yaml:9: triggers.video.completion.marker: must hold {name} once, as "{name}.done"',
      'f.yaml:9: triggers.video.completion.stablefor: unknown key; did you mean "stableFor"?',
      'f.yaml:10: triggers.video.deliver[0]: there is no target "hok"; did you mean "hook"?',
      'f.yaml:10: triggers.video.deliver[2]: "hook" is named twice',
      'f.yaml:11: triggers.Film: a name is made of lower-case letters, digits and hyphens, at most 63, with no hyphen at its ends',
      'f.yaml:11: triggers.Film.deliver: the trigger tells nobody; name at least one target',
      'f.yaml:13: htp: unknown key; did you mean "http"?',
      'f.yaml:2: sources.datahub.token: a secret is missing: the environment variable MISSING is not set',
    ])
  })

  it.each([
    ['existing: since:2026-11-23', { kind: 'since', timeMs: Date.UTC(2026, 10, 23) }],
    ['existing: since:2026-11-23T10:00Z', { kind: 'since', timeMs: Date.UTC(2026, 10, 23, 10) }],
    ['existing: fire', { kind: 'fire' }],
  ])('takes %s', (line, existing) => {
    expect(loadConfig(withFile(aFile({ trigger: `    ${line}` }))).triggers[0]?.existing).toEqual(existing)
  })

  it.each([
    ['existing: since:2026-11-23T10:00:00', 'with its zone'],
    ['existing: since:yesterday', 'expected ignore, fire or since:TIME'],
    ['existing: since:2026-13-01', 'expected ignore, fire or since:TIME'],
    ['completion: { marker: "{name}" }', 'another file in the same folder'],
    ['completion: { marker: "x/{name}.ok" }', 'another file in the same folder'],
    ['completion: { marker: "{name}{name}" }', 'must hold {name} once'],
    ['completion: { xattr: "=1" }', 'the name of an extended attribute, or name=value'],
    ['completion: { stalledAfter: 0s }', 'must be longer than 0'],
    ['completion: { emptyFiles: held }', 'expected hold, fire, ignore'],
    ['completion: null', 'is missing; expected a map of keys and values'],
    ['revisions: 1', 'expected each, once'],
    ['renamedFrom: video', 'there is still a trigger "video"'],
  ])('refuses %s', (line, message) => {
    expect(problemsOf(withFile(aFile({ trigger: `    ${line}` })))).toEqual([
      expect.stringMatching(/^f\.yaml:9: triggers\.video\.\w+/),
    ])
    expect(problemsOf(withFile(aFile({ trigger: `    ${line}` })))[0]).toContain(message)
  })

  it.each([
    ['http: { listen: 8080 }', 'http.listen: expected text; put the value in quotes'],
    ['http: { listen: "8080" }', 'http.listen: expected HOST:PORT'],
    ['http: { listen: "h:70000" }', 'http.listen: expected HOST:PORT'],
    ['http: 5', 'http: expected a map of keys and values'],
    ['store: { type: mysql }', 'store.type: unknown type; there is sqlite, postgres, dynamodb, memory'],
    ['store: { type: sqlite }', 'store.path: is missing; expected text'],
    ['store: { type: dynamodb }', 'store.table: is missing; expected text'],
    ['store: { type: dynamodb, table: "a/b" }', 'store.table: expected the name of a table'],
    ['log: { level: trace }', 'log.level: expected debug, info, warn, error'],
    ['exitAfterFailures: 0', 'exitAfterFailures: must be at least 1'],
    ['exitAfterFailures: 1.5', 'exitAfterFailures: expected a whole number'],
  ])('refuses %s', (line, message) => {
    expect(problemsOf(withFile(aFile({ rest: line })))).toEqual([expect.stringContaining(message)])
  })

  it('refuses folders that lead out of the space, and globs that begin with a slash', () => {
    const text = aFile().replace('space: Gamma', 'space: Gamma, folder: a/../b, include: ["/x"]')

    expect(problemsOf(withFile(text))).toEqual([
      'f.yaml:7: triggers.video.watch.folder: a folder inside the space must not hold . or ..',
      'f.yaml:7: triggers.video.watch.include[0]: a glob is about the path below the folder, so it does not begin with a slash',
    ])
  })

  it('refuses two triggers that take over the same state', () => {
    const second = [
      '  film:',
      '    renamedFrom: old',
      '    watch: { source: datahub, space: Gamma }',
      '    deliver: [hook]',
    ]
    const text = aFile({ trigger: ['    renamedFrom: old', ...second].join('\n') })

    expect(problemsOf(withFile(text))).toEqual([
      'f.yaml:11: triggers.film.renamedFrom: "video" took over the state of "old" already',
    ])
  })

  it.each(['', '# nothing but a comment', '{}'])('that is empty (%j) says what lacks', (text) => {
    expect(problemsOf(withFile(text))).toEqual([
      'f.yaml:1: sources: is missing; expected a map of keys and values',
      'f.yaml:1: triggers: there is no trigger, so nothing would be watched',
    ])
  })

  it('that is no map says so', () => {
    expect(problemsOf(withFile('- a\n- b'))[0]).toBe('f.yaml:1: expected a map of keys and values')
  })

  it('that is not there is another error', () => {
    const readFile = () => {
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    }

    expect(() => loadConfig(withFile('', { readFile }))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_NOT_FOUND',
        message: 'the configuration file f.yaml cannot be read (ENOENT)',
      }),
    )
  })

  it('of which only secrets lack is another error, and all of them are told', () => {
    const text = aFile().replace('hook" }', 'hook", secret: { file: /nowhere/key } }')

    expect(() => loadConfig(withFile(text, { env: {} }))).toThrow(
      expect.objectContaining({ code: 'CONFIG_SECRET_MISSING' }),
    )
    expect(problemsOf(withFile(text, { env: {} }))).toEqual([
      'f.yaml:2: sources.datahub.token: a secret is missing: the environment variable TOKEN is not set',
      'f.yaml:4: targets.hook.secret: a secret is missing: the file /nowhere/key cannot be read (ENOENT)',
    ])
  })

  it('needs no secret but that of the store by those who look into the store only', () => {
    const text = `${aFile()}store: { type: postgres, url: { env: DATABASE_URL } }\n`
    const given = (env: Record<string, string>) => withFile(text, { env, need: 'store' })

    expect(problemsOf(given({}))).toEqual([
      'f.yaml:10: store.url: a secret is missing: the environment variable DATABASE_URL is not set',
    ])
    expect(loadConfig(given({ DATABASE_URL: 'postgres://db' })).targets.has('hook')).toBe(true)
  })

  it('has missing secrets told beside whatever else is wrong in the same place', () => {
    const text = aFile().replace('host: provider.example.org', 'hots: provider.example.org')

    expect(problemsOf(withFile(text, { env: {} }))).toEqual([
      'f.yaml:2: sources.datahub.hots: unknown key; did you mean "host"?',
      'f.yaml:2: sources.datahub.host: name either the `host` of a provider or the `zone`',
      'f.yaml:2: sources.datahub.token: a secret is missing: the environment variable TOKEN is not set',
    ])
  })

  it('never has a value repeated in a message, for it may be a secret in the wrong place', () => {
    const text = aFile()
      .replace('{ env: TOKEN }', 'canary-token')
      .replace('"https://example.org/hook"', 'canary-url')
      .replace('space: Gamma', 'space: [canary-space]')

    const problems = problemsOf(withFile(text))

    expect(problems).toHaveLength(3)
    expect(problems.join()).not.toContain('canary')
    expect(problems[0]).toBe('f.yaml:2: sources.datahub.token: expected { env: … } or { file: … } or { arn: … }')
  })

  it('may set stableFor below a second, with a warning', () => {
    const warned: string[] = []
    const trigger = '    completion: { stableFor: 900ms }'

    loadConfig(withFile(aFile({ trigger }), { warn: (message) => warned.push(message) }))

    expect(warned).toEqual([expect.stringContaining('f.yaml:9: triggers.video.completion.stableFor: below 1s')])
  })
})
