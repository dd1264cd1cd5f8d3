import { describe, expect, it } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { said } from '../support/onetrigger.ts'
import { startReceiver } from '../support/receiver.ts'
import { aFederation, aScene, aTrigger, aWebhook, idOf, readyIs } from '../support/scene.ts'
import { waitFor } from '../support/wait-for.ts'

async function aZone() {
  const [federation, receiver] = [await aFederation('25.0', '21.02.8'), await startReceiver()]
  const [best, other] = federation.providers
  if (best === undefined || other === undefined) throw new Error('two providers were started')
  best.model.mkdir('in')
  await waitFor('the other one has the folder too', () => other.model.stat('in') !== null)
  const scene = aScene()
  scene.writeToken(best.token)
  const [source, targets] = [{ zone: federation.zone.url }, { hook: aWebhook(receiver.url) }]
  scene.configure({ source, targets, triggers: { default: aTrigger('hook') } })
  return { zone: federation.zone, best, other, receiver, scene, source, targets }
}

describe('a space on two providers of a zone', () => {
  it('is watched on the best one, and on the other while that is down: each file comes once, under the same recipe of ids', async () => {
    const { best, other, receiver, scene } = await aZone()
    const process = scene.start()
    const first = await readyIs(scene, process, 200)
    best.model.create('in/before.txt', 'hello')
    await waitFor('the first has come', () => receiver.received.length === 1)

    await best.stop()
    other.model.create('in/meanwhile.txt', 'hello again')
    await waitFor('the second has come', () => receiver.received.length === 2)
    other.model.create('in/after.txt', 'hello for good')
    await waitFor('the third has come', () => receiver.received.length === 3)
    const second = await readyIs(scene, process, 200)

    expect(first.parts['watch onedata/Gamma']?.detail).toBe(`watching by events on ${best.url}`)
    expect(second.parts['watch onedata/Gamma']?.detail).toBe(`watching by changes on ${other.url}`)
    const names = { spaceId: best.space.id, trigger: 'default', target: 'hook' }
    const paths = ['in/before.txt', 'in/meanwhile.txt', 'in/after.txt']
    expect(receiver.received.map(({ id }) => id)).toEqual(paths.map((path) => idOf(other.model, path, names)))
  })

  it('has no version delivered again because the other one still shows an older state', async () => {
    const { best, other, receiver, scene } = await aZone()
    const process = scene.start()
    await readyIs(scene, process, 200)
    best.model.create('in/a.txt', 'first')
    await waitFor('the first version has come', () => receiver.received.length === 1)
    other.sync.lagMs = 5_000
    best.model.overwrite('in/a.txt', 'the second')
    best.model.create('in/b.txt', 'hello')
    await waitFor('the second version and another file have come', () => receiver.received.length === 3)

    await best.stop()
    await waitFor('the other one is watched', async () =>
      (await scene.readyz(process)).parts['watch onedata/Gamma']?.detail.endsWith(other.url),
    )
    const older = [other.model.stat('in/a.txt')?.size, other.model.stat('in/b.txt')]
    await waitFor('it has caught up', () => other.model.stat('in/b.txt') !== null)
    other.model.create('in/last.txt', 'hello')
    await waitFor('the last has come', () => receiver.keys().includes('/Gamma/in/last.txt'))

    expect(older).toEqual(['first'.length, null])
    expect(receiver.keys().toSorted()).toEqual(['a', 'a', 'b', 'last'].map((name) => `/Gamma/in/${name}.txt`))
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(4)
  })

  it('tells of both files that two providers made under one name, and takes neither for finished by what is added to its name', async () => {
    const { best, other, receiver, scene, source, targets } = await aZone()
    for (const { sync } of [best, other]) sync.lagMs = 300
    for (const { model } of [best, other]) {
      model.create('in/a.mp4', `by ${model.list('in').length}`)
      model.create('in/x.part', 'not finished')
    }
    await waitFor('each has both', () => [best, other].every(({ model }) => model.list('in').length === 4))
    const watch = { source: 'onedata', space: 'Gamma', folder: 'in', include: ['*.mp4', 'x*'] }
    scene.configure({ source, targets, triggers: { default: aTrigger('hook', { watch, existing: 'fire' }) } })
    const process = scene.start()
    await said(process, 'the first listing is done')
    best.model.create('in/last.mp4', 'hello')

    await waitFor('the last has come', () => receiver.keys().includes('/Gamma/in/last.mp4'))

    const [ours = '', theirs = ''] = best.model.list('in')
    expect(theirs).toMatch(/^in\/a\.mp4@/)
    expect(receiver.keys().toSorted()).toEqual([ours, theirs, 'in/last.mp4'].map((path) => `/Gamma/${path}`))
  })

  it('is waited for while both are down, and all of it comes when they are back', async () => {
    const { best, other, receiver, scene } = await aZone()
    await Promise.all([best.stop(), other.stop()])
    const process = scene.start()

    const down = await readyIs(scene, process, 503)
    await said(process, 'the space cannot be watched now; trying again')
    await Promise.all([best.start(), other.start()])
    await readyIs(scene, process, 200)
    best.model.create('in/after.txt', 'hello')
    await waitFor('it has come', () => receiver.received.length === 1)

    expect(down.parts['watch onedata/Gamma']?.ok).toBe(false)
    expect(receiver.keys()).toEqual(['/Gamma/in/after.txt'])
  })

  it('goes on being watched while the zone is down', async () => {
    const { zone, best, receiver, scene } = await aZone()
    const process = scene.start()
    await readyIs(scene, process, 200)

    await zone.stop()
    best.model.create('in/a.txt', 'hello')
    await waitFor('it has come', () => receiver.received.length === 1)

    expect((await scene.readyz(process)).status).toBe(200)
    expect(receiver.keys()).toEqual(['/Gamma/in/a.txt'])
  })
})

describe('a token that ends within a day', () => {
  it('is told of, with the moment, and not the token', async () => {
    const { best, scene } = await aZone()
    const validUntil = Math.floor(createSystemClock().wall() / 1_000) + 3_600
    const token = best.tokens.issue({ validUntil })
    scene.writeToken(token)

    const process = scene.start()
    const line = await said(process, 'the access token ends within a day')

    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      source: 'onedata',
      validUntil: new Date(validUntil * 1_000).toISOString(),
    })
    expect(process.stderr.join('\n')).not.toContain(token)
  })
})
