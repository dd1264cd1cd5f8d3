import { writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runOneTrigger } from '../support/onetrigger.ts'
import { startSimulator } from '../support/simulator.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const token = 'canary-token-0123456789'
const signingKey = `whsec_${Buffer.from('canary-signing-key-01234567').toString('base64')}`
/** Everything that must never be printed, as it is and as it may be encoded. */
const canaries = [
  'canary',
  signingKey,
  signingKey.slice('whsec_'.length),
  Buffer.from('canary-user:canary-password').toString('base64'),
]

describe('what is printed', () => {
  it.each(['json', 'pretty'])('holds no secret, whatever happens (%s log)', async (format) => {
    const simulator = await startSimulator({ token })
    simulator.model.mkdir('in')
    const receiver = await startReceiver()
    const run = runOneTrigger(['run', '--config', write(simulator.url, receiver.url), '--log-format', format], {
      TOKEN: token,
      HOOK_URL: receiver.url,
      HOOK_KEY: signingKey,
    })
    const hasLogged = (text: RegExp) => () => run.stderr.some((line) => text.test(line))

    for (const answer of ['accept', 'fail', 'refuse', 'cut', 'redirect'] as const) {
      receiver.answer = answer
      const before = receiver.requests()
      simulator.model.create(`in/${answer}.txt`, 'content')
      await waitFor(`the receiver is asked for ${answer}`, () => receiver.requests() > before)
    }
    simulator.faults.http({ kind: 'error', status: 401 })
    simulator.faults.cutStreams()
    await waitFor('the refused token is logged', hasLogged(/SOURCE_UNAUTHORIZED|401/), 15_000)
    const code = await run.kill('SIGTERM')

    expect(code).toBe(0)
    expectNoSecret(run)
  })

  it('holds no secret where the start fails', async () => {
    const simulator = await startSimulator({ token: 'another-one' })
    const env = {
      TOKEN: token,
      HOOK_URL: 'http://canary-user:canary-password@127.0.0.1:9/?key=canary',
      HOOK_KEY: signingKey,
    }
    const config = write(simulator.url, '')
    const flags = ['-H', simulator.url, '-s', 'Gamma', '-w', 'ftp://canary-user:canary-password@h/?key=canary']
    const commands = [
      ['run', '--config', config],
      ['check', '--config', config, '--connect'],
      ['check', '--config', config, '--connect', '--json'],
      ['list-spaces', '--config', config],
      ['run', ...flags, '-t', token],
      ['list-spaces', '-H', simulator.url, '--token', token],
    ]

    for (const args of commands) {
      const process = runOneTrigger(args, env)

      expect(await process.ended, args.join(' ')).toBe(1)
      expectNoSecret(process)
    }
  })
})

function expectNoSecret({
  stdout,
  stderr,
}: {
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
}) {
  const printed = [...stdout, ...stderr]

  expect(printed).not.toEqual([])
  expect(printed.filter((line) => canaries.some((canary) => line.includes(canary)))).toEqual([])
}

function write(host: string, webhook: string): string {
  const folder = tempDir()
  const path = join(folder, 'onetrigger.yaml')
  const url = webhook === '' ? '{ env: HOOK_URL }' : `"${webhook}"`
  const text = `
sources:
  datahub: { type: onedata, host: "${host}", token: { env: TOKEN } }
triggers:
  video:
    watch: { source: datahub, space: Gamma, folder: in }
    completion: { stableFor: 50ms }
    existing: fire
    deliver: [literal, named]
targets:
  literal: { type: webhook, url: ${url}, secret: { env: HOOK_KEY }, timeout: 2s }
  named: { type: webhook, url: { env: HOOK_URL }, secret: { env: HOOK_KEY }, timeout: 2s }
store: { type: sqlite, path: "${join(folder, 'onetrigger.db')}" }
log: { level: debug }
`
  writeFileSync(path, text)
  return path
}

type Answer = 'accept' | 'fail' | 'refuse' | 'cut' | 'redirect'

const answers: Readonly<Record<Answer, (response: ServerResponse) => void>> = {
  accept: (response) => response.writeHead(204).end(),
  fail: (response) => response.writeHead(500).end('it failed'),
  refuse: (response) => response.writeHead(401).end(),
  cut: (response) => response.destroy(),
  redirect: (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
}

/** A webhook whose address is full of secrets. */
async function startReceiver() {
  let count = 0
  const state = { answer: 'accept' as Answer }
  const server = createServer((request, response) => {
    count += 1
    request.resume()
    answers[state.answer](response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return Object.assign(state, {
    url: `http://canary-user:canary-password@127.0.0.1:${port}/canary-path?key=canary-query`,
    requests: () => count,
  })
}
