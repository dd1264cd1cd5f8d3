import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { connectPostgres } from '../../src/store/postgres/connect.ts'
import { migrations } from '../../src/store/postgres/migrations.ts'
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts'
import type { OneTriggerProcess } from '../support/onetrigger.ts'
import { runOneTrigger, said } from '../support/onetrigger.ts'
import { startReceiver } from '../support/receiver.ts'
import { aScene, aTrigger, aWebhook, idOf, readyIs, type Scene } from '../support/scene.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { type PostgresServer, startPostgres } from './server.ts'

// Several processes of the real command line on one real database.

const watching = 'this process watches the space now'
const standingBy = 'another process watches the space; standing by'
const takeOverMs = 10_000

let postgres: PostgresServer
let schemas = 0
beforeAll(async () => {
  postgres = await startPostgres(15)
})
afterAll(() => postgres.close())

/** A provider, a receiver, and replicas with one configuration on a schema of their own. */
async function aCluster(url = postgres.url) {
  const [simulator, receiver, scene] = [await startSimulator({ version: '25.0' }), await startReceiver(), aScene()]
  const schema = `replicas_${schemas++}`
  const secret = join(scene.folder, 'database-url')
  writeFileSync(secret, url)
  simulator.model.mkdir('in')
  scene.writeToken(simulator.token)
  scene.configure({
    source: { host: simulator.url },
    triggers: { default: aTrigger('hook') },
    targets: { hook: aWebhook(receiver.url) },
    store: { type: 'postgres', url: { file: secret }, schema },
  })
  let files = 0
  const upload = () => {
    const path = `in/${String(files++).padStart(4, '0')}.txt`
    simulator.model.create(path, 'hello')
    return idOf(simulator.model, path, { spaceId: simulator.space.id, trigger: 'default', target: 'hook' })
  }
  const ids = () => receiver.received.map(({ id }) => id)
  const arrived = (expected: readonly string[], timeoutMs = 20_000) =>
    waitFor('all have come', () => expected.every((id) => ids().includes(id)), timeoutMs)
  return { simulator, receiver, scene, schema, secret, upload, ids, arrived }
}

/** The first watches, the second stands by. */
async function twoReplicas(scene: Scene): Promise<readonly [OneTriggerProcess, OneTriggerProcess]> {
  const leader = scene.start()
  await said(leader, 'the first listing is done')
  const standby = scene.start()
  await said(standby, standingBy)
  return [leader, standby]
}

/** Opens the schema as another build would. */
async function openAs(schema: string, steps: typeof migrations) {
  const deps = { clock: createSystemClock(), log: silentLog }
  const database = connectPostgres({ url: fixedSecret(postgres.url), connections: 2, ...deps })
  const store = await openPostgresStore({ database, name: database.place, schema, migrations: steps, ...deps })
  onTestFinished(() => store.close())
  return store
}

describe('two replicas', () => {
  it('that start on an empty database at the same moment share it: one watches, both are ready, each file comes once', async () => {
    const { scene, upload, ids, arrived } = await aCluster()
    const replicas = [scene.start(), scene.start(), scene.start()]
    const ready = await Promise.all(replicas.map((replica) => readyIs(scene, replica, 200)))
    const leader = await waitFor('one watches', () =>
      replicas.find(({ stderr }) => stderr.some((line) => line.includes('the first listing is done'))),
    )

    const expected = Array.from({ length: 50 }, upload)
    await arrived(expected)

    const details = ready.map(({ parts }) => parts['watch onedata/Gamma']?.detail ?? '')
    expect(details.filter((detail) => detail.includes('standing by'))).toHaveLength(2)
    expect(replicas.filter(({ stderr }) => stderr.some((line) => line.includes(watching)))).toEqual([leader])
    expect(ids().toSorted()).toEqual(expected.toSorted())
  })

  it('lose nothing when the leader is killed: the other one watches within 10 s, under the same ids', async () => {
    const { scene, upload, ids, arrived } = await aCluster()
    const [leader, standby] = await twoReplicas(scene)
    const expected = Array.from({ length: 10 }, upload)
    await waitFor('some have come', () => ids().length > 0)
    await leader.kill('SIGKILL')
    expected.push(...Array.from({ length: 10 }, upload))
    await said(standby, watching, 0, takeOverMs)
    expected.push(upload())
    await arrived(expected)
    expect(new Set(ids())).toEqual(new Set(expected))
  })

  it('hand over within a second or two when the leader ends in order', async () => {
    const { scene, upload, ids, arrived } = await aCluster()
    const [leader, standby] = await twoReplicas(scene)
    expect(await leader.kill('SIGTERM')).toBe(0)
    await said(standby, watching, 0, 4_000)
    const expected = [upload()]
    await arrived(expected)
    expect(ids()).toEqual(expected)
  })

  it('keep one leader when the first is paused and wakes: it is refused, and stands by', async () => {
    const { scene, upload, ids, arrived } = await aCluster()
    const [leader, standby] = await twoReplicas(scene)
    const expected = [upload()]
    await arrived(expected)
    leader.child.kill('SIGSTOP')
    expected.push(upload())
    await said(standby, watching, 0, takeOverMs)
    await arrived(expected)
    const before = leader.stderr.length
    leader.child.kill('SIGCONT')
    const refused = await said(leader, 'STORE_FENCED', before)
    await said(leader, standingBy, before)
    expected.push(upload())
    await arrived(expected)
    expect(refused).toContain('Another process has taken over')
    // One that was in the air when it was paused may come twice, under the same id.
    expect(new Set(ids())).toEqual(new Set(expected))
    expect(ids().length).toBeLessThanOrEqual(expected.length + 1)
  })

  it('lose nothing when the leader is cut off from the database, and have one leader when it is back', async () => {
    const cut = await aProxy(postgres.port)
    const { scene, secret, upload, ids, arrived } = await aCluster(
      postgres.url.replace(String(postgres.port), String(cut.port)),
    )
    const leader = scene.start()
    await said(leader, 'the first listing is done')
    writeFileSync(secret, postgres.url)
    const standby = scene.start()
    await said(standby, standingBy)
    cut.hang()
    const expected = Array.from({ length: 5 }, upload)
    await said(standby, watching, 0, takeOverMs)
    await arrived(expected)
    cut.heal()
    await said(leader, standingBy, 0, 40_000)
    expected.push(upload())
    await arrived(expected)
    expect(new Set(ids())).toEqual(new Set(expected))
  })

  it('share the work: what one owes is delivered by the other when it dies', async () => {
    const { scene, receiver, upload, ids, arrived } = await aCluster()
    const [leader] = await twoReplicas(scene)
    receiver.answer = 503
    const expected = Array.from({ length: 20 }, upload)
    await waitFor('it is tried', () => receiver.attempts > 0)
    await leader.kill('SIGKILL')
    receiver.answer = 204
    await arrived(expected, 90_000)
    expect(ids().toSorted()).toEqual(expected.toSorted())
  })
})

describe('a database', () => {
  it('that crashes and comes back costs nothing', async () => {
    const own = await startPostgres(15)
    onTestFinished(() => own.close())
    const { scene, upload, ids, arrived } = await aCluster(own.url)
    const [leader] = await twoReplicas(scene)
    const expected = Array.from({ length: 5 }, upload)
    await arrived(expected)
    await own.stop('immediate')
    expected.push(...Array.from({ length: 5 }, upload))
    await said(leader, 'the store fails')
    await own.start()
    await arrived(expected, 60_000)
    expect(new Set(ids())).toEqual(new Set(expected))
  })

  it('that is not there yet is waited for', async () => {
    const own = await startPostgres(15)
    onTestFinished(() => own.close())
    await own.stop()
    const { scene, upload, arrived } = await aCluster(own.url)
    const replica = scene.start()
    await said(replica, 'the database cannot be reached; trying again')
    await own.start()
    await said(replica, 'the first listing is done')
    await arrived([upload()])
  })

  it('whose password is wrong ends the start with a word that holds no secret', async () => {
    const { scene } = await aCluster(postgres.url.replace(/:[^:@/]+@/, ':canary-wrong-password@'))
    const replica = scene.start()
    expect(await replica.ended).toBe(1)
    const text = [...replica.stderr, ...replica.stdout].join('\n')
    expect(text).toContain('does not let this user in')
    expect(text).not.toContain('canary')
  })

  it('is tried by check --connect before and after its first use, and when it is down', async () => {
    const own = await startPostgres(15)
    onTestFinished(() => own.close())
    const { scene } = await aCluster(own.url)
    const check = async () => {
      const checked = runOneTrigger(['check', '--connect', '--config', join(scene.folder, 'onetrigger.yaml')])
      return { code: await checked.ended, store: checked.stdout.find((line) => line.includes('  store:')) }
    }
    const before = await check()
    await said(scene.start(), 'the first listing is done')
    const after = await check()
    await own.stop()
    const down = await check()
    expect(before).toEqual({ code: 0, store: 'ok    store: answers; the first start makes it' })
    expect(after).toEqual({ code: 0, store: 'ok    store: answers' })
    expect(down.code).toBe(1)
    expect(down.store).toContain('ECONNREFUSED')
  })

  it.each(['not a url', 'mysql://u:canary@127.0.0.1/d', 'postgres://u:canary@:0'])(
    'named by %j is refused',
    async (url) => {
      const { scene } = await aCluster(url)
      const replica = scene.start()
      expect(await replica.ended).toBe(1)
      const text = [...replica.stderr, ...replica.stdout].join('\n')
      expect(text).toContain('expected postgres://')
      expect(text).not.toContain('canary')
    },
  )
})

it('a reload watches under an epoch of its own: a late write of what it left is refused', async () => {
  const { scene, upload, arrived } = await aCluster()
  const replica = scene.start()
  const epochOf = (line: string) => Number(/epoch[=":]+(\d+)/.exec(line)?.[1])
  const first = epochOf(await said(replica, watching))
  await said(replica, 'the first listing is done')
  const before = replica.stderr.length
  replica.child.kill('SIGHUP')
  expect(epochOf(await said(replica, watching, before))).toBe(first + 1)
  await arrived([upload()])
})

describe('an upgrade', () => {
  const version = migrations.length + 1
  const expanding = { version, minReader: 1, sql: 'ALTER TABLE $schema.files ADD COLUMN later text;' }
  const contracting = { version, minReader: version, sql: 'ALTER TABLE $schema.deliveries DROP COLUMN job_seen;' }

  it('that only adds leaves older replicas at work', async () => {
    const { scene, schema, upload, ids, arrived } = await aCluster()
    const [leader, standby] = await twoReplicas(scene)
    await openAs(schema, [...migrations, expanding])
    const expected = [upload()]
    await arrived(expected)
    await leader.kill('SIGTERM')
    await said(standby, watching)
    const late = scene.start()
    await said(late, standingBy)
    expected.push(upload())
    await arrived(expected)
    expect(ids()).toEqual(expected)
  })

  it('that takes something away ends older replicas with a word, and they refuse to start', async () => {
    const { scene, schema } = await aCluster()
    const [leader, standby] = await twoReplicas(scene)
    await openAs(schema, [...migrations, contracting])
    expect(await Promise.all([leader.ended, standby.ended])).toEqual([1, 1])
    const late = scene.start()
    expect(await late.ended).toBe(1)
    for (const { stderr } of [leader, standby, late]) {
      expect(stderr.join('\n')).toContain(`has schema ${version}, and this OneTrigger works with ${version - 1}`)
    }
  })
})

/** A way to the database that can stop letting anything through, without a word. */
async function aProxy(port: number) {
  const sockets = new Set<Socket>()
  let hanging = false
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => hanging || to.write(bytes))
      from.on('close', () => hanging || to.destroy())
      from.on('error', () => {})
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    hang: () => {
      hanging = true
    },
    heal: () => {
      hanging = false
      for (const socket of sockets) socket.destroy()
    },
  }
}
