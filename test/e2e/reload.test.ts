import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { said } from '../support/onetrigger.ts'
import { startReceiver } from '../support/receiver.ts'
import { aScene, aTrigger, aWebhook, readyIs } from '../support/scene.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { aWorld } from '../support/world.ts'

async function aRunningScene(answer = 204) {
  const [simulator, receiver, scene] = [await startSimulator(), await startReceiver(answer), aScene()]
  for (const folder of ['in', 'more']) simulator.model.mkdir(folder)
  scene.writeToken(simulator.token)
  const config = {
    source: { host: simulator.url },
    triggers: { default: aTrigger('hook') },
    targets: { hook: aWebhook(receiver.url) },
  }
  scene.configure(config)
  const process = scene.start()
  const { url }: { url: string } = JSON.parse(await said(process, 'health and metrics are served'))
  await readyIs(scene, process, 200)
  return { simulator, receiver, scene, config, process, url }
}

const watchMore = { source: 'onedata', space: 'Gamma', folder: 'more' }

describe('SIGHUP', () => {
  it('puts a new trigger and a new target to work at once; what was owed is delivered, and the address stays', async () => {
    const { simulator, receiver, scene, config, process, url } = await aRunningScene(503)
    const another = await startReceiver()
    simulator.model.create('in/owed.txt', 'hello')
    await waitFor('it was tried', () => receiver.attempts > 0)

    scene.configure({
      ...config,
      triggers: { ...config.triggers, more: aTrigger('another', { watch: watchMore }) },
      targets: { ...config.targets, another: aWebhook(another.url) },
    })
    process.child.kill('SIGHUP')
    await said(process, 'the configuration was read again')
    receiver.answer = 204
    // The new trigger knows its folder when its first listing is done; a file that comes sooner may count as there before.
    const from = process.stderr.findIndex((line) => line.includes('the configuration was read again'))
    await said(process, 'the first listing is done', from)
    simulator.model.create('more/new.txt', 'hello')
    await waitFor('both have come', () => receiver.received.length === 1 && another.received.length === 1)

    expect(receiver.keys()).toEqual(['/Gamma/in/owed.txt'])
    expect(another.keys()).toEqual(['/Gamma/more/new.txt'])
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  it('keeps the old configuration where the new one has problems, says which, and obeys the next one', async () => {
    const { simulator, receiver, scene, config, process } = await aRunningScene()

    writeFileSync(join(scene.folder, 'onetrigger.yaml'), 'sources: {}\ntrigers: {}\n')
    process.child.kill('SIGHUP')
    const problems = JSON.parse(await said(process, 'the new configuration has problems; the old one stays'))
    simulator.model.create('in/a.txt', 'hello')
    await waitFor('it has come', () => receiver.received.length === 1)
    scene.configure(config)
    process.child.kill('SIGHUP')
    await said(process, 'the configuration was read again')
    await readyIs(scene, process, 200)
    simulator.model.create('in/b.txt', 'hello')
    await waitFor('the next one has come', () => receiver.received.length === 2)

    expect(problems).toMatchObject({ level: 'error', reason: expect.stringContaining('trigers') })
    expect(receiver.keys()).toEqual(['/Gamma/in/a.txt', '/Gamma/in/b.txt'])
  })

  it('waits for a space that a new trigger names wrongly; the others go on', async () => {
    const { simulator, receiver, scene, config, process } = await aRunningScene()

    const nowhere = aTrigger('hook', { watch: { source: 'onedata', space: 'Nowhere' } })
    scene.configure({ ...config, triggers: { ...config.triggers, nowhere } })
    process.child.kill('SIGHUP')
    await said(process, 'the space cannot be watched now; trying again')
    simulator.model.create('in/a.txt', 'hello')
    await waitFor('it has come', () => receiver.received.length === 1)

    const { status, parts } = await scene.readyz(process)
    expect(status).toBe(503)
    expect(parts['watch onedata/Nowhere']?.detail).toContain('Nowhere')
    expect(parts['watch onedata/Gamma']?.ok).toBe(true)
  })

  it('keeps what is owed to a target that the new configuration does not name, until one names it again', async () => {
    const { simulator, receiver, scene, config, process } = await aRunningScene(503)
    const another = await startReceiver()
    simulator.model.create('in/owed.txt', 'hello')
    await waitFor('it was tried', () => receiver.attempts > 0)

    scene.configure({
      ...config,
      triggers: { default: aTrigger('another') },
      targets: { another: aWebhook(another.url) },
    })
    process.child.kill('SIGHUP')
    const line = JSON.parse(await said(process, 'deliveries are owed to a target that no configuration names'))
    receiver.answer = 204
    await readyIs(scene, process, 200)
    simulator.model.create('in/other.txt', 'hello')
    await waitFor('the new target has its file', () => another.received.length === 1)
    const meanwhile = receiver.keys()
    scene.configure(config)
    process.child.kill('SIGHUP')
    await waitFor('what was owed has come', () => receiver.received.length === 1)

    expect(line).toMatchObject({ level: 'warn', target: 'hook', owed: 1 })
    expect(meanwhile).toEqual([])
    expect(receiver.keys()).toEqual(['/Gamma/in/owed.txt'])
    expect(another.keys()).toEqual(['/Gamma/in/other.txt'])
  })

  it('tells no more of files that a trigger of before had pending', async () => {
    const { simulator, scene, config, process, url } = await aRunningScene()
    const slow = aTrigger('hook', { watch: watchMore, completion: { stableFor: '1h' } })
    scene.configure({ ...config, triggers: { ...config.triggers, slow } })
    process.child.kill('SIGHUP')
    await said(process, 'the configuration was read again')
    await readyIs(scene, process, 200)
    simulator.model.create('more/new.txt', 'hello')
    const metrics = async () => (await fetch(`${url}/metrics`)).text()
    const pending = 'onetrigger_files_pending{trigger="slow",phase="uploading"} 1'
    await waitFor('it is pending', async () => (await metrics()).includes(pending))

    scene.configure(config)
    const from = process.stderr.length
    process.child.kill('SIGHUP')
    await said(process, 'the configuration was read again', from)

    expect(await metrics()).not.toContain('trigger="slow"')
  })

  it('says which changed settings wait for the next start', async () => {
    const { scene, config, process } = await aRunningScene()

    scene.configure({ ...config, store: join(scene.folder, 'another.db') })
    process.child.kill('SIGHUP')

    expect(JSON.parse(await said(process, 'takes effect at the next start only'))).toMatchObject({ setting: 'store' })
    await readyIs(scene, process, 200)
  })

  it('goes on watching and delivering while an attempt of before is still under way, and sends that once', async () => {
    const { simulator, receiver, scene, config, process } = await aRunningScene()
    const [lines, mayEnd] = [join(scene.folder, 'lines'), join(scene.folder, 'may-end')]
    writeFileSync(lines, '')
    const slow = {
      type: 'exec',
      command: [
        'sh',
        '-c',
        `echo began >> ${lines}; while [ ! -e ${mayEnd} ]; do sleep 0.05; done; echo ended >> ${lines}`,
      ],
      timeout: '1h',
    }
    const both = aTrigger('hook', { deliver: ['hook', 'slow'] })
    scene.configure({ ...config, triggers: { default: both }, targets: { ...config.targets, slow } })
    process.child.kill('SIGHUP')
    await said(process, 'the configuration was read again')
    await readyIs(scene, process, 200)
    simulator.model.create('in/a.txt', 'hello')
    await waitFor('the command runs', () => readFileSync(lines, 'utf8') === 'began\n')
    await waitFor('the first has come', () => receiver.received.length === 1)

    scene.configure(config)
    const from = process.stderr.length
    process.child.kill('SIGHUP')
    await said(process, 'the configuration was read again', from)
    simulator.model.create('in/b.txt', 'hello')
    await waitFor('the next one has come', () => receiver.received.length === 2)

    expect(readFileSync(lines, 'utf8')).toBe('began\n')
    writeFileSync(mayEnd, '')
    expect(await process.kill('SIGTERM')).toBe(0)
    expect(readFileSync(lines, 'utf8')).toBe('began\nended\n')
  })

  it('may come twice at once, and before the end', async () => {
    const { simulator, receiver, process } = await aRunningScene()

    for (let time = 0; time < 2; time++) process.child.kill('SIGHUP')
    await said(process, 'the configuration was read again')
    simulator.model.create('in/a.txt', 'hello')
    await waitFor('it has come', () => receiver.received.length === 1)
    process.child.kill('SIGHUP')

    expect(await process.kill('SIGTERM')).toBe(0)
    expect(receiver.keys()).toEqual(['/Gamma/in/a.txt'])
  })

  it('changes nothing where there is no file to read again', async () => {
    const world = await aWorld({ version: '25.0' })

    world.process.child.kill('SIGHUP')
    await said(world.process, 'there is no configuration file to read again')
    world.simulator.model.create('in/a.txt', 'hello')
    await waitFor('it has come', () => world.receiver.received.length === 1)

    expect(world.process.child.exitCode).toBeNull()
  })
})
