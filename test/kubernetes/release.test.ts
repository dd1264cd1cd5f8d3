import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../image/docker.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Cluster, createCluster } from './cluster.ts'
import { createWorld, secretOf, type World, type WorldState } from './world.ts'

// A release in a real cluster, with uploads going on all the time: each disturbance is one test, in this order.

const chart = join(root, 'charts', 'onetrigger')
const release = 'bridge'
const deployment = 'deployment/bridge-onetrigger'
const perSecond = 5

const shapes = {
  sqlite: { store: undefined, replicas: 1 },
  postgres: { store: { type: 'postgres', url: { file: '/run/secrets/onetrigger/database-url' } }, replicas: 3 },
} as const

describe.each(Object.keys(shapes) as (keyof typeof shapes)[])('a release on %s', (shape) => {
  const { store, replicas } = shapes[shape]
  let cluster: Cluster
  let world: World
  let beganAt = 0
  const timeline: string[] = []

  beforeAll(async () => {
    cluster = await createCluster()
    world = await createWorld(cluster)
  })
  afterAll(async () => {
    console.log([`timeline of the release on ${shape}, in seconds since helm install:`, ...timeline].join('\n  '))
    await cluster?.close()
  })

  const note = (what: string) => timeline.push(`${((Date.now() - beganAt) / 1_000).toFixed(1).padStart(6)}  ${what}`)

  /** `helm install` or `upgrade`, waiting until all is ready. */
  async function deploy(verb: 'install' | 'upgrade', extra: readonly string[] = []): Promise<void> {
    const secret = '/run/secrets/onetrigger'
    const values = {
      image: { ...cluster.image, pullPolicy: 'Never' },
      replicaCount: replicas,
      existingSecret: 'onetrigger',
      persistence: { size: '64Mi' },
      networkPolicy: {
        enabled: true,
        egress: [{ ports: [8080, 8081, 5432].map((port) => ({ port, protocol: 'TCP' })) }],
      },
      config: {
        sources: { onedata: { type: 'onedata', host: world.providerUrl, token: { file: `${secret}/token` } } },
        triggers: {
          default: {
            watch: { source: 'onedata', space: 'Gamma', folder: 'in' },
            completion: { stableFor: '2s' },
            deliver: ['hook'],
          },
        },
        targets: { hook: { type: 'webhook', url: world.hookUrl, secret: { file: `${secret}/hook-secret` } } },
        ...(store === undefined ? {} : { store }),
      },
    }
    const file = join(tempDir(), 'values.json')
    writeFileSync(file, JSON.stringify(values))
    await cluster.helm(verb, release, chart, '--values', file, '--wait', '--timeout', '180s', ...extra)
  }

  async function pods(): Promise<readonly string[]> {
    const selector = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=bridge`
    const names = ['get', 'pods', '--selector', selector, '--field-selector', 'status.phase=Running']
    const found = await cluster.kubectl(...names, '--output', 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}')
    return found.split('\n').filter((name) => name !== '')
  }

  /** The pod that watches. */
  function leader(): Promise<string> {
    return waitFor(
      'one pod watches',
      async () => {
        for (const pod of await pods()) {
          const answer = await cluster.get(`pods/${pod}:8080`, '/readyz').catch(() => '')
          if (answer !== '' && !answer.includes('standing by')) return pod
        }
        return null
      },
      60_000,
    )
  }

  /** Disturbs while files arrive, waits until all of them have come, and writes down what it cost. */
  async function disturb(what: string, how: () => Promise<void>): Promise<WorldState> {
    const before = await world.state()
    await how()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const after = await world.caughtUp()
    const arrivals = new Map(after.received.toReversed().map(({ key, at }) => [key, at]))
    const delays = after.finished
      .slice(before.finished.length)
      .map(({ path, finishedAt }) => (arrivals.get(`/Gamma/${path}`) ?? Number.NaN) - finishedAt)
    const slowest = Math.max(...delays.filter((ms) => !Number.isNaN(ms)))
    note(`${what}: ${delays.length} files meanwhile, the slowest came ${(slowest / 1_000).toFixed(1)} s after its end`)
    expect(world.verdict(after)).toMatchObject({ lost: [], early: [] })
    return after
  }

  it('is installed, and ready', async () => {
    beganAt = Date.now()
    await Promise.all([deploy('install'), ...(shape === 'sqlite' ? [cluster.openVolume('bridge-onetrigger')] : [])])
    note('installed and ready')
    expect(await pods()).toHaveLength(replicas)
    await leader()
  })

  it('passes helm test', async () => {
    await cluster.helm('test', release, '--timeout', '120s')
    note('helm test passed')
  })

  it('delivers each file once', async () => {
    await world.rate(perSecond)
    await waitFor('the first event comes', async () => (await world.state()).received.length > 0, 30_000)
    note('first event')
    await waitFor('thirty files have come', async () => (await world.state()).received.length >= 30, 60_000)
    const state = await world.caughtUp()
    expect(world.verdict(state)).toMatchObject({ lost: [], early: [], doubled: [] })
    expect(state.received.every(({ signedBy }) => signedBy === 0)).toBe(true)
  })

  it('loses nothing when its pod is deleted', async () => {
    const pod = await leader()
    await disturb('the pod that watched was deleted', async () => {
      await cluster.kubectl('delete', 'pod', pod, '--wait=true')
      await cluster.kubectl('rollout', 'status', deployment, '--timeout=120s')
      expect(await leader()).not.toBe(pod)
    })
  })

  it('loses nothing when its pod is killed without a word', async () => {
    const pod = await leader()
    await disturb('the process that watched was killed', async () => {
      await cluster.kubectl('delete', 'pod', pod, '--grace-period=0', '--force', '--wait=true')
      await cluster.kubectl('rollout', 'status', deployment, '--timeout=120s')
    })
  })

  it('loses nothing when it is upgraded and rolled back', async () => {
    await disturb('upgraded', () => deploy('upgrade', ['--set', 'config.log.level=debug']))
    expect(await cluster.kubectl('get', 'configmap', '--output', 'yaml')).toContain('level: debug')
    await disturb('rolled back', async () => {
      await cluster.helm('rollback', release, '1', '--wait', '--timeout', '180s')
    })
    expect(await cluster.kubectl('get', 'configmap', '--output', 'yaml')).not.toContain('level: debug')
  })

  it('signs with a rotated secret without a restart', async () => {
    const before = await pods()
    await disturb('secret rotated', async () => {
      await cluster.apply(secretOf({ 'hook-secret': world.secrets[1] }))
      await waitFor('the new secret signs', async () => (await world.state()).received.at(-1)?.signedBy === 1, 180_000)
    })
    expect((await pods()).toSorted()).toEqual(before.toSorted())
  })

  if (shape === 'postgres') {
    it('loses nothing when the node is drained of the pod that watches', async () => {
      const pod = await leader()
      const node = await cluster.kubectl('get', 'pod', pod, '--output', 'jsonpath={.spec.nodeName}')
      await disturb('drained of the pod that watched', async () => {
        await cluster.kubectl('label', 'pod', pod, 'drain=this')
        try {
          const only = ['--pod-selector', 'drain=this', '--delete-emptydir-data', '--timeout=120s']
          await cluster.kubectl('drain', node, ...only)
          expect(await leader()).not.toBe(pod)
        } finally {
          await cluster.kubectl('uncordon', node)
        }
        await cluster.kubectl('rollout', 'status', deployment, '--timeout=120s')
      })
    })
  } else {
    it('keeps its volume when it is uninstalled, and goes on from it', async () => {
      const claims = () => cluster.kubectl('get', 'pvc', '--output', 'jsonpath={.items[*].metadata.uid}')
      const uid = await claims()
      await disturb('uninstalled and installed again', async () => {
        await cluster.helm('uninstall', release, '--wait', '--timeout', '120s')
        expect(await claims()).toBe(uid)
        await deploy('install')
      })
      expect(await claims()).toBe(uid)
    })
  }

  it('has lost nothing in the end, told no file before its end, and given none a second id', async () => {
    await world.rate(0)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const state = await world.caughtUp()
    const { lost, early, doubled } = world.verdict(state)
    note(`end: ${state.finished.length} files, ${lost.length} lost, ${early.length} early, ${doubled.length} repeats`)
    expect({ lost, early }).toEqual({ lost: [], early: [] })
    const ids = Map.groupBy(state.received, ({ key }) => key)
    for (const [, deliveries] of ids) expect(new Set(deliveries.map(({ id }) => id)).size).toBe(1)
  })
})
