import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { runOneTrigger } from '../support/onetrigger.ts'
import { waitFor } from '../support/wait-for.ts'

it.each([['run', '-s', 'S', '-w', 'http://127.0.0.1:1', '--store', 'memory'], ['list-spaces']])(
  'onetrigger %s reaches a provider through the proxy of the environment',
  async (...words) => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(String(request.url))
      response.writeHead(502).end()
    }).on('connect', (request, client) => {
      asked.push(String(request.url))
      client.end('HTTP/1.1 502 No\r\n\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const life = runOneTrigger([...words, '-H', 'http://provider.test'], {
      HTTP_PROXY: `http://127.0.0.1:${port}`,
      http_proxy: `http://127.0.0.1:${port}`,
      NO_PROXY: '',
      no_proxy: '',
      ONEDATA_ACCESS_TOKEN: 'x',
    })
    await waitFor('the proxy is asked', () => asked.length > 0)
    await life.kill('SIGKILL')
    expect(asked[0]).toContain('provider.test')
  },
)
