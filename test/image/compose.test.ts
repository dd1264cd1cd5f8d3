import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { waitFor } from '../support/wait-for.ts'
import { createYard, docker, prepareDocker, root, type Yard } from './docker.ts'

const run = promisify(execFile)
const folder = join(root, 'deploy')
const prometheusImage = /prom\/prometheus:\S+/.exec(readFileSync(join(folder, 'compose.yaml'), 'utf8'))?.[0] ?? 'none'
const anyPort = { ONETRIGGER_HTTP_PORT: '0', PROMETHEUS_PORT: '0', GRAFANA_PORT: '0' }

let yard: Yard
let compose: readonly string[]
beforeAll(async () => {
  compose = await findCompose()
  yard = await createYard()
})
afterAll(() => yard?.close())

/** Compose as a plugin of Docker, or the older program of its own. */
async function findCompose(): Promise<readonly string[]> {
  for (const words of [['docker', 'compose'], ['docker-compose']]) {
    try {
      await composed([...words, 'version'])
      return words
    } catch {
      // The next one may be there.
    }
  }
  throw new Error('this suite needs Compose (Debian: apt-get install docker-compose)')
}

/** Runs it in `deploy`, as the head of the compose file tells; port 0 takes any free one. */
async function composed([program = '', ...args]: readonly string[]): Promise<string> {
  // The name of the yard for all of it: nothing that this machine runs by the same file is touched.
  const name = yard?.image ?? 'none'
  const env = { ...process.env, ONETRIGGER_IMAGE: name, ONETRIGGER_VOLUME: name, ...anyPort }
  return (await run(program, args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })).stdout
}

describe('the compose file', () => {
  it.each([[[]], [['monitoring']], [['try']], [['monitoring', 'try']]])(
    'is valid with the profiles %j',
    async (profiles) => {
      const flags = profiles.flatMap((profile) => ['--profile', profile])

      const services = (await composed([...compose, ...flags, 'config', '--services'])).trim().split('\n')

      // The older program lists those of other profiles, too.
      expect(services).toEqual(
        expect.arrayContaining(['onetrigger', ...(profiles.includes('try') ? ['simulator'] : [])]),
      )
    },
  )

  it('lets it be tried without a Oneprovider: each file reaches the receiver once', async () => {
    const { tried, container } = startWith('try')
    await tried('up', '--detach')
    const receiver = await container('receiver')
    const onetrigger = await container('onetrigger')

    // Of the scenario `demo`, the last of a burst.
    await waitFor(
      'a burst is delivered',
      async () => (await docker('logs', receiver)).includes('/in/image-00200.png'),
      60_000,
    )

    const ids = (await docker('logs', receiver)).split('\n').map((line) => line.split(' ')[0])
    expect(ids.length).toBeGreaterThanOrEqual(30)
    expect(new Set(ids).size).toBe(ids.length)
    await tried('stop')
    expect(await docker('inspect', '--format', '{{.State.ExitCode}}', onetrigger)).toBe('0')
  })

  it('lets Prometheus find OneTrigger, and its rules', async () => {
    await prepareDocker(prometheusImage)
    const { tried, container } = startWith('try', 'monitoring')
    await tried('up', '--detach', 'onetrigger', 'simulator', 'prometheus')
    const port = await docker('port', await container('prometheus'), '9090/tcp')
    const ask = async (path: string) => (await fetch(`http://${port}/api/v1/${path}`)).text()

    const up = await waitFor(
      'it is scraped',
      async () => {
        const answer = await ask('query?query=up').catch(() => '')
        return answer.includes('"onetrigger:8080"') && answer
      },
      60_000,
    )

    expect(up).toContain(',"1"]')
    expect(await ask('rules')).toContain('"OneTriggerFiresTooEarly"')
  })
})

/** A project of the compose file with all that is needed to try it; it is gone when the running test has finished. */
function startWith(...profiles: readonly string[]) {
  const flags = profiles.flatMap((profile) => ['--profile', profile])
  const project = ['--project-name', yard.image, '--env-file', 'compose/try.env', ...flags]
  const tried = (...words: readonly string[]) => composed([...compose, ...project, ...words])
  onTestFinished(async () => {
    await tried('down', '--volumes')
  })
  return { tried, container: async (service: string) => (await tried('ps', '--quiet', service)).trim() }
}
