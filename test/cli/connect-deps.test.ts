import { createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { connectAll, spacesOf } from '../../src/app/connect.ts'
import { testTarget } from '../../src/app/operator/targets.ts'
import { connectDeps } from '../../src/cli/connect-deps.ts'
import { loadConfig } from '../../src/config/load.ts'
import { silentLog } from '../../src/lib/log.ts'

/** A configuration of a provider and a target that take connections and never say a word. */
async function aSilentWorld(timeout: string) {
  const server = createServer((socket) => {
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const text = `
sources: { hub: { type: onedata, host: "${url}", token: { env: TOKEN } } }
triggers: { all: { watch: { source: hub, space: S }, deliver: [hook] } }
targets: { hook: { type: webhook, url: "${url}/hook", timeout: ${timeout} } }
store: { type: memory }
`
  process.env.TOKEN = 't'
  onTestFinished(() => void delete process.env.TOKEN)
  return loadConfig({
    flags: { config: 'onetrigger.yaml' },
    env: process.env,
    home: '/',
    isTerminal: false,
    readFile: () => text,
  })
}

it('says of a provider that is silent for as long as a person waits that it cannot be reached', async () => {
  const config = await aSilentWorld('10s')

  await expect(spacesOf(config, connectDeps(silentLog, 50))).rejects.toMatchObject({
    code: 'SOURCE_UNREACHABLE',
    message: 'there was no answer within 0.05 s',
  })
  expect(await connectAll(config, connectDeps(silentLog, 50))).toEqual([
    { part: 'source hub', ok: false, detail: 'there was no answer within 0.05 s' },
    { part: 'target hook', ok: false, detail: 'there was no answer within 0.05 s' },
  ])
})

it('gives a sample the time that its target has, and tells its outcome', async () => {
  const config = await aSilentWorld('300ms')

  const impatient = { ...connectDeps(silentLog), signal: AbortSignal.timeout(10) }

  expect(await testTarget('hook', config, '1', impatient)).toMatchObject({ kind: 'retry' })
})
