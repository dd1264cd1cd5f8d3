import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startDynalite } from '../support/dynamo.ts'
import { runOneTrigger, said } from '../support/onetrigger.ts'
import { startReceiver } from '../support/receiver.ts'
import { aScene, aTrigger, aWebhook, idOf } from '../support/scene.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'

it('runs on a table of DynamoDB, goes on where it left off, and is looked at and tried by commands beside it', async () => {
  const dynamo = await startDynalite()
  onTestFinished(() => dynamo.close())
  const simulator = await startSimulator()
  simulator.model.mkdir('in')
  const receiver = await startReceiver()
  const scene = aScene()
  scene.writeToken(simulator.token)
  const on = (table: string) =>
    scene.configure({
      source: { host: simulator.url },
      triggers: { video: aTrigger('hook') },
      targets: { hook: aWebhook(receiver.url) },
      store: { type: 'dynamodb', table },
    })
  const command = async (...words: readonly string[]) => {
    const process = runOneTrigger([...words, '--config', join(scene.folder, 'onetrigger.yaml')])
    const code = await process.ended
    return { code, out: process.stdout.join('\n'), err: process.stderr.join('\n') }
  }
  const names = { spaceId: simulator.space.id, trigger: 'video', target: 'hook' }
  const ids = () => receiver.received.map(({ id }) => id)
  const received = (path: string) =>
    waitFor(`${path} is delivered`, () => ids().includes(idOf(simulator.model, path, names)), 15_000)

  on('absent')
  const missing = await command('check', '--connect')
  expect(missing).toMatchObject({ code: 1, out: expect.stringContaining('The table absent does not exist') })

  const table = await dynamo.makeTable()
  on(table)
  const first = scene.start()
  await said(first, 'the first listing is done')
  simulator.model.create('in/first.mp4', 10)
  await received('in/first.mp4')
  expect((await command('check', '--connect')).out).toContain('store: answers')
  expect((await command('deliveries', 'list')).out).toContain('in/first.mp4')
  // As where the configuration is that of the scheduled function, or nowhere.
  const byName = runOneTrigger(['deliveries', 'list', '--store', `dynamodb:${table}`])
  expect(await byName.ended).toBe(0)
  expect(byName.stdout.join('\n')).toContain('in/first.mp4')
  expect(await first.kill('SIGTERM')).toBe(0)

  simulator.model.create('in/meanwhile.mp4', 10)
  scene.start()
  await received('in/meanwhile.mp4')
  expect(ids()).toHaveLength(2)
}, 60_000)
