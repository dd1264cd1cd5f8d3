import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { HTTP } from 'cloudevents'
import { expect, it, onTestFinished } from 'vitest'
import { runOneTrigger, said } from '../support/onetrigger.ts'
import { startSimulator } from '../support/simulator.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

it('with what Knative puts into its environment, and nothing else, it is a source of CloudEvents', async () => {
  const received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
  const sink = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    received.push({ headers: request.headers, body })
    // By the table of Knative 404 is tried again.
    response.writeHead(received.length === 1 ? 404 : 202).end()
  })
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    sink.closeAllConnections()
    sink.close()
  })
  const simulator = await startSimulator()
  simulator.model.mkdir('in')
  const running = runOneTrigger(['run'], {
    ONEPROVIDER_HOST: simulator.url,
    ONEDATA_ACCESS_TOKEN: simulator.token,
    ONEDATA_SPACE: 'Gamma',
    ONEDATA_SPACE_FOLDER: 'in',
    ONETRIGGER_STORE: join(tempDir(), 'onetrigger.db'),
    ONETRIGGER_STABLE_FOR: '1s',
    // A listening TCP server always has such an address.
    K_SINK: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/broker`,
    K_CE_OVERRIDES: '{"extensions":{"team":"vision"}}',
  })
  await said(running, 'the first listing is done')

  simulator.model.create('in/déjà vu.avi', 'content')

  await waitFor('the sink has taken it', () => received.length === 2, 20_000)
  const [first, second] = received.map(({ headers, body }) => HTTP.toEvent({ headers, body }))
  expect(second).toMatchObject({
    type: 'io.onetrigger.file.complete',
    team: 'vision',
    data: { path: 'in/déjà vu.avi' },
  })
  expect(second).toHaveProperty('id', first !== undefined && 'id' in first ? first.id : 'none')
  expect(received[1]?.headers['ce-subject']).toBe('in/d%C3%A9j%C3%A0%20vu.avi')
})
