import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { said } from '../support/onetrigger.ts'
import { startReceiver } from '../support/receiver.ts'
import { aScene, aTrigger, aWebhook, readyIs } from '../support/scene.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'

async function aProvider() {
  const [simulator, receiver, scene] = [await startSimulator(), await startReceiver(), aScene()]
  simulator.model.mkdir('in')
  scene.writeToken(simulator.token)
  scene.configure({
    source: { host: simulator.url },
    triggers: { default: aTrigger('hook') },
    targets: { hook: aWebhook(receiver.url) },
  })
  return { simulator, receiver, scene }
}

/** Lets the process write files of so many bytes at most, or of any size. */
function limitFiles(pid: number | undefined, bytes: number | 'unlimited'): void {
  // The soft limit alone may be lifted again.
  execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`])
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0

describe('a disk on which the store cannot grow', () => {
  it.skipIf(!hasPrlimit)('stops the taking in, and says so; with room again everything comes, once', async () => {
    const { simulator, receiver, scene } = await aProvider()
    const process = scene.start()
    await readyIs(scene, process, 200)
    simulator.model.create('in/before.txt', 'hello')
    await waitFor('the first has come', () => receiver.received.length === 1)

    limitFiles(process.child.pid, statSync(`${scene.store}-wal`).size)
    const names = Array.from({ length: 30 }, (_, number) => `in/meanwhile-${number}.txt`)
    for (const name of names) simulator.model.create(name, 'hello')
    const line = JSON.parse(await said(process, 'the store fails; nothing is taken in until it works again'))
    const full = await readyIs(scene, process, 503)
    const arrived = receiver.received.length
    limitFiles(process.child.pid, 'unlimited')
    await said(process, 'the store works again; taking in')
    await waitFor('all have come', () => receiver.received.length >= 1 + names.length)

    expect(line).toMatchObject({ level: 'error', code: expect.stringContaining('STORE_') })
    expect(full.parts['watch onedata/Gamma']?.detail).toContain(scene.store)
    expect(arrived).toBe(1)
    const paths = ['in/before.txt', ...names]
    expect(receiver.keys().toSorted()).toEqual(paths.map((path) => `/Gamma/${path}`).toSorted())
    await readyIs(scene, process, 200)
  })
})

/** Everything that a life with one delivery has left, in one file. */
async function aPast() {
  const { simulator, receiver, scene } = await aProvider()
  const process = scene.start()
  await readyIs(scene, process, 200)
  simulator.model.create('in/a.txt', 'hello')
  await waitFor('it has come', () => receiver.received.length === 1)
  await process.kill('SIGTERM')
  return { simulator, receiver, scene }
}

function spoil(path: string, at: number, garbage: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, garbage, 0, undefined, at)
  closeSync(file)
}

/** Where the first page of a table or index begins, in bytes. */
function beginOf(path: string, name: string): number {
  const database = new DatabaseSync(path, { readOnly: true })
  const row = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(name)
  database.close()
  return (Number(row?.rootpage) - 1) * pageBytes
}

const pageBytes = 4_096

describe('a damaged database', () => {
  it.each([
    ['that is something else', 0, 'this is a letter, not a database, '.repeat(200)],
    ['whose pages are overwritten', 4_096, '\xff'.repeat(40_960)],
  ])('%s is refused with 1, says what to do, and is left as it is', async (_what, at, garbage) => {
    const { scene } = await aPast()
    spoil(scene.store, at, Buffer.from(garbage, 'latin1'))
    const size = statSync(scene.store).size

    const process = scene.start()

    expect(await process.ended).toBe(1)
    const text = process.stderr.join('\n')
    expect(text).toContain(`error: The store ${scene.store} is damaged or no database`)
    expect(text).toContain('restore a backup, or start anew with another --store and `--existing since:TIME`')
    expect(text).toContain('(STORE_CORRUPT)')
    expect(statSync(scene.store).size).toBe(size)
  })
})

describe('damage that only shows at work', () => {
  it.each(['files', 'deliveries'])('in the table of %s ends it with 1, and says what to do', async (table) => {
    const { simulator, scene } = await aPast()
    spoil(scene.store, beginOf(scene.store, table), Buffer.alloc(pageBytes, 0xff))
    simulator.model.create('in/b.txt', 'hello')

    const process = scene.start()

    expect(await process.ended).toBe(1)
    const text = process.stderr.join('\n')
    expect(text).toContain('restore a backup, or start anew with another --store and `--existing since:TIME`')
    expect(text).toContain('(STORE_CORRUPT)')
  })
})

describe('a folder of the store that cannot be', () => {
  it('ends it with 1, and names the path', async () => {
    const { scene } = await aProvider()
    writeFileSync(join(scene.folder, 'file'), '')
    const { url: webhook } = await startReceiver()
    scene.configure({
      source: { host: 'http://127.0.0.1:1' },
      triggers: { default: aTrigger('hook') },
      targets: { hook: aWebhook(webhook) },
      store: join(scene.folder, 'file', 'onetrigger.db'),
    })

    const process = scene.start()

    expect(await process.ended).toBe(1)
    expect(process.stderr.join('\n')).toContain(join(scene.folder, 'file'))
  })
})
