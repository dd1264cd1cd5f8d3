import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { deliveryId } from '../../src/core/ids.ts'
import { runOneTrigger, said } from '../support/onetrigger.ts'
import { startReceiver } from '../support/receiver.ts'
import { startSimulator } from '../support/simulator.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

/** A running instance with a receiver that can be told what to answer, and the commands beside it. */
async function aRunningInstance(answer = 204, more: Readonly<Record<string, string>> = {}) {
  const simulator = await startSimulator({ version: '25.0', tls: false })
  simulator.model.mkdir('in')
  const receiver = await startReceiver(answer)
  const store = join(tempDir(), 'onetrigger.db')
  const env = {
    ONEDATA_ACCESS_TOKEN: simulator.token,
    ONEPROVIDER_HOST: simulator.url,
    ONEDATA_SPACE: 'Gamma',
    ONEDATA_SPACE_FOLDER: 'in',
    ONETRIGGER_WEBHOOK: receiver.url,
    ONETRIGGER_STORE: store,
    ONETRIGGER_STABLE_FOR: '1s',
    ...more,
  }
  const running = runOneTrigger(['run'], env)
  await waitFor('the first listing is done', () => {
    if (running.child.exitCode !== null) throw new Error(running.stderr.join('\n'))
    return running.stderr.some((line) => line.includes('the first listing is done'))
  })
  const command = async (...words: readonly string[]) => {
    const process = runOneTrigger(words, env)
    const code = await process.ended
    return { code, out: process.stdout.join('\n'), err: process.stderr.join('\n') }
  }
  const list = async (...words: readonly string[]) => {
    const { out } = await command('deliveries', 'list', '--json', ...words)
    return out === '' ? [] : out.split('\n').map((line) => JSON.parse(line))
  }
  return { simulator, receiver, running, store, command, list }
}

/** A dozen processes start, one after the other, in a test. */
const longestMs = 60_000

describe('beside a running instance', { timeout: longestMs }, () => {
  const withDeadLetter = async () => {
    const instance = await aRunningInstance(422)
    instance.simulator.model.create('in/refused.avi', 10)
    await said(instance.running, 'kept as a dead letter')
    const [dead] = await instance.list('--state', 'dead', '--path', '*.avi')
    return { ...instance, dead }
  }

  it('a dead letter is listed, shown and explained', async () => {
    const { command, list, dead } = await withDeadLetter()

    const shown = await command('deliveries', 'show', dead.id)
    expect(shown.out).toContain('/Gamma/in/refused.avi')
    expect(shown.out).toContain('422')
    expect((await command('deliveries', 'list', '--state', 'dead')).out).toContain(dead.id)
    expect(await list('--path', 'other/*')).toEqual([])
    const explained = await command('explain', '/Gamma/in/refused.avi')
    expect(explained.out).toContain('did not change for the quiet period')
    expect(explained.out).toContain('dead')
  })

  it('a dead letter is replayed under its id, and run anew under another', async () => {
    const { receiver, command, dead } = await withDeadLetter()

    receiver.answer = 204
    expect(await command('deliveries', 'replay', '--state', 'dead')).toMatchObject({ code: 1 })
    expect((await command('deliveries', 'replay', dead.id)).out).toBe('1 delivery is owed again.')
    await waitFor('it is delivered again', () => receiver.received.length === 1)
    expect(receiver.received[0]?.id).toBe(dead.id)

    expect((await command('deliveries', 'replay', '--rerun', dead.id)).out).toContain('under new ids')
    await waitFor('it is run anew', () => receiver.received.length === 2)
    const again = deliveryId(dead.event.id, 'webhook', 1)
    expect(receiver.received[1]?.id).toBe(again)
    expect((await command('explain', 'in/refused.avi')).out).toContain(again)
  })

  it('what is owed can be discarded, and says why it waits', async () => {
    const { simulator, command, list, receiver } = await aRunningInstance(503)
    simulator.model.create('in/waits.avi', 10)
    await waitFor('it was tried', () => receiver.attempts > 0)
    expect(await list('--state', 'owed')).toHaveLength(1)

    expect((await command('targets', 'list')).out).toMatch(/^webhook \(webhook\): 1 owed/)
    expect((await command('deliveries', 'discard', '--state', 'owed', '--yes')).out).toBe('1 delivery is discarded.')
    receiver.answer = 204
    simulator.model.create('in/next.avi', 10)
    await waitFor('the next one is delivered', () => receiver.received.length === 1, 90_000)

    expect(receiver.keys()).toEqual(['/Gamma/in/next.avi'])
    expect((await list()).map(({ state }) => state)).toEqual(['delivered', 'discarded'])
  }, 100_000)

  it('a file that is uploading, one that is ignored and one that nobody saw are explained', async () => {
    const { simulator, command } = await aRunningInstance(204, {
      ONETRIGGER_STABLE_FOR: '1h',
      ONETRIGGER_EXCLUDE: '*.log',
    })
    simulator.model.create('in/growing.avi', 10)
    simulator.model.create('in/half.avi.part', 10)
    await waitFor('it was seen', async () => (await command('explain', 'in/growing.avi')).code === 0)

    expect((await command('explain', 'in/growing.avi')).out).toContain('must not change for 1h')
    expect((await command('explain', 'in/half.avi.part')).out).toContain('temporary')
    expect((await command('explain', 'in/app.log')).out).toContain('does not look at it')
    const absent = await command('explain', 'in/absent.avi')
    expect(absent.out).toContain('no file was seen')
    expect(absent.code).toBe(1)
  })

  it('the database is backed up while files come in, whole and for its owner only', async () => {
    const { simulator, command, receiver } = await aRunningInstance()
    for (let index = 0; index < 200; index++) simulator.model.create(`in/${index}`, 10)
    const copy = join(tempDir(), 'copy.db')
    await waitFor('some are delivered', () => receiver.received.length > 20)

    expect((await command('backup', copy)).code).toBe(0)

    const database = new DatabaseSync(copy, { readOnly: true })
    onTestFinished(() => database.close())
    expect(database.prepare('PRAGMA integrity_check').get()?.integrity_check).toBe('ok')
    const { owed, files } = Object(
      database
        .prepare(
          'SELECT (SELECT count(*) FROM deliveries) AS owed, (SELECT count(*) FROM files WHERE phase = 3) AS files',
        )
        .get(),
    )
    expect(owed).toBe(files)
    expect(owed).toBeGreaterThan(20)
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    const again = await command('backup', copy)
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('--force')])
    await waitFor('all are delivered', () => receiver.received.length === 200)
  })

  it('a backup replaces what --force names only once it is whole, and never the database itself', async () => {
    const { command, store } = await aRunningInstance()
    const copy = join(tempDir(), 'copy.db')
    writeFileSync(copy, 'the last copy')
    const inUse = statSync(store).ino

    expect((await command('backup', copy, '--force', '--store', '/nowhere/there.db')).code).toBe(1)
    expect(readFileSync(copy, 'utf8')).toBe('the last copy')
    for (const own of [store, `${store}-wal`]) {
      const refused = await command('backup', own, '--force')
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('the database itself')])
    }
    expect(statSync(store).ino).toBe(inUse)
    expect((await command('backup', copy, '--force')).code).toBe(0)
    expect(readFileSync(copy, 'latin1')).toMatch(/^SQLite format 3/)
    expect(readdirSync(dirname(copy))).toEqual(['copy.db'])
  })
})

describe('a target', () => {
  it('is sent a sample that says what it is', async () => {
    const { command, receiver } = await aRunningInstance()

    const tested = await command('targets', 'test', 'webhook')

    expect(tested).toMatchObject({ code: 0, out: expect.stringContaining('webhook: delivered') })
    expect(receiver.keys()).toEqual(['/Gamma/in/onetrigger-sample.txt'])
    receiver.answer = 500
    expect(await command('targets', 'test', 'webhook')).toMatchObject({
      code: 1,
      out: expect.stringContaining('retry'),
    })
    expect(await command('targets', 'test', 'absent')).toMatchObject({ code: 1 })
  })

  it('that took itself out of service comes back when it is enabled', async () => {
    let gone = true
    const bodies: string[] = []
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        if (!gone) bodies.push(String(request.headers['webhook-id']))
        response.writeHead(gone ? 500 : 204, gone ? { 'webhook-delivery': 'disable' } : {}).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const { simulator, running, command } = await aRunningInstance(204, {
      ONETRIGGER_WEBHOOK: `http://127.0.0.1:${port}/`,
    })
    simulator.model.create('in/a', 10)
    await said(running, 'the target is disabled')
    expect((await command('targets', 'list')).out).toContain('DISABLED')
    gone = false

    expect((await command('targets', 'enable', 'webhook')).out).toBe('webhook is in service again.')

    await waitFor('it is delivered', () => bodies.length === 1, 30_000)
    expect((await command('targets', 'enable', 'wehbook')).out).toBe('wehbook was in service already.')
    expect((await command('targets', 'list')).out).not.toContain('wehbook')
  }, 60_000)
})

describe('without a running instance', () => {
  it.each([
    [['deliveries', 'list', '--store', '/nowhere/there.db'], 1, 'There is no store at /nowhere/there.db'],
    [['deliveries', 'list', '--state', 'lost', '--store', 'x'], 2, '--state takes'],
    [['deliveries', 'list', '--older-than', 'soon', '--store', 'x'], 2, 'a duration'],
    [['deliveries', 'replay', '--store', 'x'], 2, 'by a filter'],
    [['deliveries', 'explode'], 2, 'unknown command'],
    [['explain'], 2, "missing required argument 'path'"],
    [['deliveries', 'list'], 1, 'Oneprovider host is not provided'],
  ])('%j says what is wrong', async (words, code, message) => {
    const process = runOneTrigger(words)
    expect(await process.ended).toBe(code)
    expect(process.stderr.join('\n')).toContain(message)
  })
})
