import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { ProviderVersion } from '../../src/simulator/simulator.ts'
import { said } from '../support/onetrigger.ts'
import { startReceiver } from '../support/receiver.ts'
import { aScene, aTrigger, aWebhook, readyIs } from '../support/scene.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'

const watch = 'watch onedata/Gamma'

async function aProvider(
  options: { readonly version?: ProviderVersion; readonly via?: string; readonly include?: readonly string[] } = {},
) {
  const { version = '25.0', via = 'auto', include = [] } = options
  const [simulator, receiver, scene] = [await startSimulator({ version }), await startReceiver(), aScene()]
  simulator.model.mkdir('in')
  scene.writeToken(simulator.token)
  scene.configure({
    source: { host: simulator.url, via },
    triggers: { default: aTrigger('hook', { watch: { source: 'onedata', space: 'Gamma', folder: 'in', include } }) },
    targets: { hook: aWebhook(receiver.url) },
  })
  return { simulator, receiver, scene }
}

function onDatabase(path: string, sql: string) {
  const database = new DatabaseSync(path)
  try {
    return database.prepare(sql).get()
  } finally {
    database.close()
  }
}

describe('a provider that is down', () => {
  it('at the start is waited for, and delivered from when it is up', async () => {
    const { simulator, receiver, scene } = await aProvider()
    await simulator.stop()
    const process = scene.start()
    const line = JSON.parse(await said(process, 'the space cannot be watched now; trying again'))
    const down = await readyIs(scene, process, 503)

    await simulator.start()
    await readyIs(scene, process, 200)
    simulator.model.create('in/a.txt', 'hello')
    await waitFor('it has come', () => receiver.received.length === 1)

    expect(line).toMatchObject({ level: 'warn', code: 'SOURCE_UNREACHABLE' })
    expect(down.parts[watch]?.detail).toContain(simulator.url)
    expect(receiver.keys()).toEqual(['/Gamma/in/a.txt'])
  })

  it('from the first start on, across a crash, has what came meanwhile delivered', async () => {
    const { simulator, receiver, scene } = await aProvider()
    const end = simulator.faults.http({ kind: 'html', status: 502 })
    const first = scene.start()
    await said(first, 'the space cannot be watched now; trying again')
    simulator.model.create('in/meanwhile.txt', 'hello')
    await first.kill('SIGKILL')

    end()
    await readyIs(scene, scene.start(), 200)
    await waitFor('it has come', () => receiver.received.length === 1)

    expect(receiver.keys()).toEqual(['/Gamma/in/meanwhile.txt'])
  })

  it('for a moment after a restart does not put off what has waited for minutes', async () => {
    const { simulator, receiver, scene } = await aProvider()
    const first = scene.start()
    await readyIs(scene, first, 200)
    simulator.model.create('in/a.txt', 'hello')
    const pending = () => onDatabase(scene.store, 'SELECT count(*) AS files FROM files WHERE phase < 2')?.files === 1
    await waitFor('it is known', pending)
    await first.kill('SIGKILL')
    const tenMinutesEarlier = "json_set(data, '$.lastChangeAt', json_extract(data, '$.lastChangeAt') - 600000)"
    onDatabase(scene.store, `UPDATE files SET data = ${tenMinutesEarlier} RETURNING path`)

    simulator.faults.http({ kind: 'latency', ms: 1_000 }, { route: /configuration/ })
    scene.start()
    await waitFor('it has come', () => receiver.received.length === 1)

    expect(receiver.keys()).toEqual(['/Gamma/in/a.txt'])
  })

  it.each(['events', 'changes', 'poll'])('while it is watched by %s has what came meanwhile delivered', async (via) => {
    const { simulator, receiver, scene } = await aProvider({ via })
    const process = scene.start()
    await readyIs(scene, process, 200)

    await simulator.stop()
    const down = await readyIs(scene, process, 503)
    simulator.model.create('in/meanwhile.txt', 'hello')
    await simulator.start()
    await waitFor('it has come', () => receiver.received.length === 1)

    expect(down.parts[watch]?.detail).toMatch(new RegExp(`${simulator.url} could not be (asked|reached)`))
    expect(receiver.keys()).toEqual(['/Gamma/in/meanwhile.txt'])
    await readyIs(scene, process, 200)
  })
})

describe('HTML where JSON was due', () => {
  it.each([200, 502])(
    'with %i, from the start: no exit, the reason in /readyz, and deliveries afterwards',
    async (status) => {
      const { simulator, receiver, scene } = await aProvider()
      const end = simulator.faults.http({ kind: 'html', status })
      const process = scene.start()
      await said(process, 'the space cannot be watched now; trying again')
      const broken = await readyIs(scene, process, 503)

      end()
      await readyIs(scene, process, 200)
      simulator.model.create('in/a.txt', 'hello')
      await waitFor('it has come', () => receiver.received.length === 1)

      expect(broken.parts[watch]?.detail).toContain(simulator.url)
      expect(broken.parts[watch]?.detail).not.toContain('<')
      expect(receiver.keys()).toEqual(['/Gamma/in/a.txt'])
    },
  )

  it('in a listing takes no file for gone, and fires none again', async () => {
    const { simulator, receiver, scene } = await aProvider({ via: 'poll' })
    const process = scene.start()
    await readyIs(scene, process, 200)
    simulator.model.create('in/a.txt', 'hello')
    await waitFor('it has come', () => receiver.received.length === 1)

    const end = simulator.faults.http({ kind: 'html', status: 200 }, { route: /\/(files|children)/ })
    await readyIs(scene, process, 503)
    end()
    simulator.model.create('in/b.txt', 'hello')
    await waitFor('the next one has come', () => receiver.received.length > 1)

    expect(receiver.keys()).toEqual(['/Gamma/in/a.txt', '/Gamma/in/b.txt'])
  })
})

describe('a directory that is deleted while it is listed', () => {
  /** What asks for the middle of it: on the oldest providers its own listing, later the second page (of 500) of all that lies in the folder. */
  const cases = [
    ['20.02', 3, (id: string) => new RegExp(`/data/${id}/children`)],
    ['21.02.3', 600, () => /\/files\?.*token=/],
  ] as const

  it.each(cases)('costs nothing but itself on %s', async (version, files, middle) => {
    // What lies there already may be as young as the watch, and would fire: only the file that comes afterwards counts.
    const { simulator, receiver, scene } = await aProvider({ version, via: 'poll', include: ['after.txt'] })
    const { model, faults, requests } = simulator
    const inside = middle(model.mkdir('in/doomed'))
    for (let number = 0; number < files; number++) model.create(`in/doomed/${number}.txt`, 'hello')
    faults.shortPages = true
    const process = scene.start()
    await readyIs(scene, process, 200)

    const endDelay = faults.http({ kind: 'latency', ms: 200 }, { route: /\/(files|children)/ })
    await waitFor('it is being listed', () => requests.records.some((it) => it.status === null && inside.test(it.url)))
    model.remove('in/doomed')
    model.create('in/after.txt', 'hello')
    endDelay()
    await waitFor('it has come', () => receiver.received.length > 0)

    expect(receiver.keys()).toEqual(['/Gamma/in/after.txt'])
    expect(process.stderr.join('\n')).not.toContain('the space cannot be watched now')
    expect((await scene.readyz(process)).status).toBe(200)
  })
})
