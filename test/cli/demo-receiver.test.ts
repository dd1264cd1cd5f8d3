import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { startDemoReceiver } from '../../src/cli/demo-receiver.ts'

it('takes events and nothing else, and outlives whoever looks at its address', async () => {
  const receiver = await startDemoReceiver(() => 7)
  onTestFinished(() => receiver.close())
  const post = (body: string) => fetch(receiver.url, { method: 'POST', headers: { 'webhook-id': 'dlv_1' }, body })
  const broken = connect(Number(new URL(receiver.url).port), '127.0.0.1')
  broken.on('error', () => {})
  broken.end('POST /events HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{')

  expect((await fetch(receiver.url)).status).toBe(400)
  expect((await post('{')).status).toBe(400)
  expect((await post('{"Key":"/demo/in/a"}')).status).toBe(204)
  expect(receiver.received).toEqual([{ id: 'dlv_1', at: 7, key: '/demo/in/a' }])
})
