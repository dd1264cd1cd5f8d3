import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ProviderVersion } from '../../src/simulator/simulator.ts'
import type { TokenGrant, Tokens } from '../../src/simulator/tokens.ts'
import { said } from '../support/onetrigger.ts'
import { startReceiver } from '../support/receiver.ts'
import { aScene, aTrigger, aWebhook, readyIs } from '../support/scene.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'

const watch = 'watch onedata/Gamma'

async function aProvider(version: ProviderVersion = '25.0') {
  const [simulator, receiver, scene] = [await startSimulator({ version }), await startReceiver(), aScene()]
  simulator.model.mkdir('in')
  scene.writeToken(simulator.token)
  scene.configure({
    source: { host: simulator.url },
    triggers: { default: aTrigger('hook') },
    targets: { hook: aWebhook(receiver.url) },
  })
  return { simulator, receiver, scene }
}

function revokedToken(tokens: Tokens): string {
  const token = tokens.issue()
  tokens.revoke(token)
  return token
}

describe('at the very first start', () => {
  const wrong: readonly [string, (tokens: Tokens) => string][] = [
    ['made up', () => 'made-up-token'],
    ['expired', (tokens) => tokens.issue({ validUntil: 1 })],
    ['revoked', revokedToken],
  ]

  it.each(wrong)(
    'a token that is %s ends it with 1, says who refused it and where the token belongs, and does not show it',
    async (_why, make) => {
      const { simulator, scene } = await aProvider()
      const token = make(simulator.tokens)
      scene.writeToken(token)

      const process = scene.start()

      expect(await process.ended).toBe(1)
      const text = process.stderr.join('\n')
      expect(text).toContain('error: Invalid token: source "onedata": ')
      expect(text).toContain(simulator.url)
      expect(text).toContain("put a valid access token where the source's `token` points (SOURCE_UNAUTHORIZED)")
      expect(text).not.toContain(token)
    },
  )

  it('a token that the zone refuses ends it with 1 as well', async () => {
    const { simulator, receiver, scene } = await aProvider()
    scene.configure({
      source: { zone: simulator.url },
      triggers: { default: aTrigger('hook') },
      targets: { hook: aWebhook(receiver.url) },
    })
    scene.writeToken(revokedToken(simulator.tokens))

    const process = scene.start()

    expect(await process.ended).toBe(1)
    expect(process.stderr.join('\n')).toContain('(SOURCE_UNAUTHORIZED)')
  })

  it('an empty token file ends it with 1 and names the file', async () => {
    const { scene } = await aProvider()
    scene.writeToken('')

    const process = scene.start()

    expect(await process.ended).toBe(1)
    expect(process.stderr.join('\n')).toContain(`the file ${join(scene.folder, 'token')} is empty`)
  })
})

describe('a token that is limited', () => {
  const cases: readonly [string, ProviderVersion, (spaceId: string) => TokenGrant, string][] = [
    ['to a path', '25.0', (spaceId) => ({ paths: [`/${spaceId}/in`] }), 'watching by events'],
    ['to reading', '25.0', () => ({ readonly: true }), 'watching by events'],
    ['to a path', '21.02.8', (spaceId) => ({ paths: [`/${spaceId}/in`] }), 'listing every 0.3 s'],
    ['to reading', '21.02.8', () => ({ readonly: true }), 'listing every 0.3 s'],
    ['to a path and to reading', '21.02.3', (id) => ({ paths: [`/${id}/in`], readonly: true }), 'listing every 0.3 s'],
  ]

  it.each(cases)('%s gets the files of a provider of %s delivered', async (_limit, version, grant, way) => {
    const { simulator, receiver, scene } = await aProvider(version)
    scene.writeToken(simulator.tokens.issue(grant(simulator.space.id)))
    const process = scene.start()
    const { parts } = await readyIs(scene, process, 200)

    simulator.model.create('in/a.txt', 'hello')
    await waitFor('it has come', () => receiver.received.length === 1)

    expect(parts[watch]?.detail).toBe(`${way} on ${simulator.url}`)
    expect(receiver.keys()).toEqual(['/Gamma/in/a.txt'])
  })
})

describe('a token that is revoked', () => {
  it('while it watches: unhealthy with the reason, and all is well when the file holds a new one', async () => {
    const { simulator, receiver, scene } = await aProvider()
    const process = scene.start()
    await readyIs(scene, process, 200)

    simulator.tokens.revoke(simulator.token)
    simulator.faults.cutStreams()
    const refused = await readyIs(scene, process, 503)
    simulator.model.create('in/meanwhile.txt', 'hello')
    scene.writeToken(simulator.tokens.issue())
    await waitFor('it has come', () => receiver.received.length === 1)
    await readyIs(scene, process, 200)

    expect(refused.parts[watch]?.detail).toContain('refused the token')
    expect(receiver.keys()).toEqual(['/Gamma/in/meanwhile.txt'])
  })

  it('before a later start: stays up, delivers what is owed, and watches again when the file holds a new one', async () => {
    const { simulator, receiver, scene } = await aProvider()
    receiver.answer = 503
    const before = scene.start()
    await readyIs(scene, before, 200)
    simulator.model.create('in/owed.txt', 'hello')
    await waitFor('it was tried', () => receiver.attempts > 0)
    await before.kill('SIGKILL')
    simulator.tokens.revoke(simulator.token)
    receiver.answer = 204

    const process = scene.start()
    const refused = await readyIs(scene, process, 503)
    await said(process, 'SOURCE_UNAUTHORIZED')
    await waitFor('what was owed has come', () => receiver.received.length === 1)
    simulator.model.create('in/meanwhile.txt', 'hello')
    scene.writeToken(simulator.tokens.issue())
    await waitFor('what came meanwhile has come', () => receiver.received.length === 2)

    expect(process.child.exitCode).toBeNull()
    expect(refused.parts[watch]?.ok).toBe(false)
    expect(receiver.keys()).toEqual(['/Gamma/in/owed.txt', '/Gamma/in/meanwhile.txt'])
    await readyIs(scene, process, 200)
  })
})
