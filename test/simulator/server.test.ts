import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FakeClock } from '../support/fake-clock.ts'
import { startSimulator } from '../support/simulator.ts'
import { rest } from './wire.ts'

describe('the server', () => {
  it('closes a connection after 30 requests', async () => {
    const simulator = await startSimulator()
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const connections: unknown[] = []

    for (let count = 0; count < 31; count++) {
      const { headers } = await rest(simulator)('GET', '/configuration', { agent })
      connections.push(headers.connection)
    }

    expect(connections.slice(0, 29)).toEqual(Array(29).fill('keep-alive'))
    expect(connections[29]).toBe('close')
    expect(connections[30]).toBe('keep-alive')
  })

  it('tells the time of its clock', async () => {
    const simulator = await startSimulator({ clock: new FakeClock(Date.UTC(2030, 5, 1)) })

    const { headers } = await rest(simulator)('GET', '/configuration')

    expect(headers.date).toBe('Sat, 01 Jun 2030 00:00:00 GMT')
  })

  it('speaks HTTPS with a certificate that its file vouches for', async () => {
    const simulator = await startSimulator({ tls: true })
    const { caFile } = simulator
    if (caFile === null) throw new Error('it has a certificate')

    const status = await new Promise((resolve, reject) => {
      const options = { ca: readFileSync(caFile), agent: false as const }
      https
        .get(`${simulator.url}/api/v3/oneprovider/configuration`, options, (response) => resolve(response.statusCode))
        .on('error', reject)
    })

    expect(status).toBe(200)
    expect(simulator.url).toBe(`https://${simulator.host}`)
    await simulator.close()
    expect(existsSync(caFile)).toBe(false)
  })

  it('goes down and comes back with the same files on the same port', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.create('a', 'x')

    await simulator.stop()
    await expect(rest(simulator)('GET', `/data/${id}`)).rejects.toThrow('ECONNREFUSED')
    simulator.model.create('b')
    await simulator.start()

    expect((await rest(simulator)('GET', `/data/${id}?attributes=size`)).json).toEqual({ size: 1 })
  })

  it('refuses a port that is taken', async () => {
    const simulator = await startSimulator()

    await expect(startSimulator({ port: Number(simulator.host.split(':')[1]) })).rejects.toThrow('EADDRINUSE')
  })

  it('counts what it was asked', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.create('a')
    const ask = rest(simulator)
    await ask('GET', `/data/${id}`)
    await ask('GET', `/data/${id}`)
    await ask('GET', '/nonsense')

    expect(Object.fromEntries(simulator.requests.counts)).toEqual({
      'GET /api/v3/oneprovider/data/{id}': 2,
      unknown: 1,
    })
    expect(simulator.requests.records.map(({ status }) => status)).toEqual([200, 200, 404])
    expect(simulator.requests.total).toBe(3)
    simulator.requests.clear()
    expect(simulator.requests.total).toBe(0)
  })

  it('answers an address that cannot be decoded like one that is not there', async () => {
    const simulator = await startSimulator()

    expect(await rest(simulator)('POST', '/lookup-file-id/%FF')).toMatchObject({ status: 405, text: '' })
  })
})
