import { describe, expect, it, onTestFinished } from 'vitest'
import { type SimulateOptions, simulate } from '../../src/cli/simulate.ts'
import { silentLog } from '../../src/lib/log.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { rest } from './wire.ts'

const defaults: SimulateOptions = {
  providerVersion: '25.0',
  host: '127.0.0.1',
  port: 0,
  tls: false,
  space: 'My space',
  json: true,
}

function start(options: Partial<SimulateOptions> = {}) {
  const stop = new AbortController()
  const lines: string[] = []
  const ended = simulate(
    { ...defaults, ...options },
    { print: (line) => lines.push(line), log: silentLog, signal: stop.signal },
  )
  onTestFinished(async () => {
    stop.abort()
    await ended.catch(() => {})
  })
  return { ended, lines, stop: () => stop.abort() }
}

describe('onetrigger simulate', () => {
  it('prints where it is as one line of JSON, serves, and ends with 0', async () => {
    const { ended, lines, stop } = start({ token: 'chosen' })
    const line = await waitFor('it is up', () => lines[0])

    const address = JSON.parse(line)
    const reply = await rest({ url: address.url, token: 'chosen' })('POST', '/lookup-file-id/My%20space/in')
    stop()

    expect(address).toEqual({
      url: `http://${address.host}`,
      host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      token: 'chosen',
      space: 'My space',
      spaceId: expect.any(String),
      caFile: null,
    })
    expect(reply.status).toBe(200)
    expect(await ended).toBe(0)
    expect(lines).toHaveLength(1)
  })

  it('listens where it is told, as other containers need it', async () => {
    const { lines } = start({ host: '0.0.0.0', token: 'chosen' })
    const { url } = JSON.parse(await waitFor('it is up', () => lines[0]))

    const reply = await rest({ url: `http://127.0.0.1:${new URL(url).port}`, token: 'chosen' })(
      'POST',
      '/lookup-file-id/My%20space/in',
    )

    expect(url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/)
    expect(reply.status).toBe(200)
  })

  it('names its certificate', async () => {
    const { lines } = start({ tls: true })

    const address = JSON.parse(await waitFor('it is up', () => lines[0]))

    expect(address).toMatchObject({ url: expect.stringMatching(/^https:/), caFile: expect.stringMatching(/\.pem$/) })
  })

  it('tells people how to watch it', async () => {
    const { lines } = start({ json: false, scenario: 'slow-writer', token: 'chosen' })

    const text = await waitFor('it is up', () => lines[0])

    expect(text).toMatch(/onetrigger run -H http:\/\/127\.0\.0\.1:\d+ -t chosen -s 'My space' -f in -w http/)
    expect(text).toContain('16 GiB')
  })

  it('begins its scenario when somebody watches', async () => {
    const { lines } = start({ scenario: 'burst' })
    const { url, token, spaceId } = JSON.parse(await waitFor('it is up', () => lines[0]))
    const ask = rest({ url, token })
    const count = async () => {
      const { json } = await ask('GET', `/data/${spaceId}/files`)
      return Array.isArray(json.files) ? json.files.length : 0
    }

    expect(await count()).toBe(0)
    await waitFor('files arrive', async () => (await count()) > 0)
  })

  it.each([
    [{ providerVersion: '19.02' }, '--provider-version must be one of 18.02'],
    [{ scenario: 'nonsense' }, 'there is no scenario "nonsense"; there are demo'],
  ])('refuses %j', async (options, message) => {
    await expect(start(options).ended).rejects.toThrow(message)
  })

  it('says so when its port is taken', async () => {
    const { host } = await startSimulator()

    await expect(start({ port: Number(host.split(':')[1]) }).ended).rejects.toThrow('choose another one with --port')
  })
})
