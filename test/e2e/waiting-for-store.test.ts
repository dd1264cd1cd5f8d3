import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { closedPort } from '../support/closed-port.ts'
import { said } from '../support/onetrigger.ts'
import { aScene, aTrigger, aWebhook } from '../support/scene.ts'

/** A process that waits for its database server, which is away. */
async function aWaitingProcess() {
  const scene = aScene()
  scene.writeToken('t')
  scene.configure({
    source: { host: 'http://127.0.0.1:9' },
    triggers: { default: aTrigger('hook') },
    targets: { hook: aWebhook('http://127.0.0.1:9/') },
    store: { type: 'postgres', url: { file: `${scene.folder}/url` } },
  })
  writeFileSync(`${scene.folder}/url`, `postgres://127.0.0.1:${await closedPort()}/none`)
  const process = scene.start()
  await said(process, 'the database cannot be reached')
  return process
}

describe('while the store is waited for', () => {
  it('SIGTERM ends the process as it does later: with exit code 0, and a word', async () => {
    const process = await aWaitingProcess()

    expect(await process.kill('SIGTERM')).toBe(0)
    expect(process.stderr.join('\n')).toContain('stopping')
  })

  it('/livez answers, /readyz says what is missing, and /metrics has none of the store', async () => {
    const process = await aWaitingProcess()
    const url = /http:\/\/[\d.:]+/.exec(await said(process, 'health and metrics are served'))?.[0] ?? ''

    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const ready = await fetch(`${url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({ ready: false, parts: { store: { ok: false } } })
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain('onetrigger_part_ok{part="store"} 0')
    expect(metrics).not.toMatch(/^onetrigger_store_size_bytes \d/m)
    expect(await process.kill('SIGTERM')).toBe(0)
  })

  it('SIGHUP ends nothing', async () => {
    const process = await aWaitingProcess()

    process.child.kill('SIGHUP')
    await said(process, 'the database cannot be reached', process.stderr.length)

    expect(await process.kill('SIGTERM')).toBe(0)
  })
})
