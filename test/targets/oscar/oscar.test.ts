import { describe, expect, it, onTestFinished } from 'vitest'
import type { ClaimedDelivery, Job } from '../../../src/core/delivery.ts'
import { jobName } from '../../../src/core/ids.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import type { RequestThread } from '../../../src/targets/http/thread/request-thread.ts'
import { oscar } from '../../../src/targets/registry.ts'
import { contractConcurrency, contractTimeoutMs, type TargetWorld, targetContract } from '../../contract/target.ts'
import { nastyName } from '../../formats/events.ts'
import { throughEcho } from '../../formats/shells.ts'
import { anEvent } from '../../support/builders.ts'
import { EndlessServer, mostSent } from '../../support/endless-server.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { aRequestThread } from '../../support/request-thread.ts'
import { targetDeps } from '../../support/target-deps.ts'
import { OscarCluster } from './cluster.ts'

const never = new AbortController().signal
const login = { basic: { username: 'oscar', password: { env: 'PASSWORD' } } }

const late = { kind: 'retry', reason: 'the receiver did not answer in time' }

function aTarget(cluster: OscarCluster, options: object = { login }, clock = new FakeClock()) {
  const deps = targetDeps({ clock, secret: () => fixedSecret('canary') })
  const target = oscar.build({ url: cluster.url, service: 'yolo', ...options }, deps)
  onTestFinished(() => target.close())
  return target
}

function aDelivery(id = 'dlv_1', path = 'in/a.avi'): ClaimedDelivery {
  return { id, target: 'yolo', event: anEvent({ path }), attempt: 1, createdAt: 0 }
}

async function aWorld(thread?: RequestThread): Promise<TargetWorld> {
  const cluster = await OscarCluster.start()
  cluster.token = 'canary-of-the-contract'
  const deps = targetDeps({
    timeoutMs: contractTimeoutMs,
    concurrency: contractConcurrency,
    secret: () => fixedSecret('canary-of-the-contract'),
    thread,
  })
  const target = oscar.build({ url: cluster.url, service: 'yolo', token: { env: 'TOKEN' } }, deps)
  onTestFinished(() => target.close())
  const identities: string[] = []
  const { jobs } = cluster
  // The same name is taken as the same job, so that a repeat is no second entry: what was offered is what counts here.
  jobs.has = (name) => {
    identities.push(name)
    return false
  }
  return {
    target,
    secret: 'canary-of-the-contract',
    behave: async (how) => {
      cluster.behaviour = how
      if (how === 'down') await cluster.close()
    },
    asked: () => cluster.asked,
    taken: () => identities.length,
    identities: () => identities,
  }
}

targetContract('oscar', () => aWorld(), { busyForMs: 7_000 })
targetContract('oscar (by a thread)', async () => aWorld(await aRequestThread()), { busyForMs: 7_000 })

describe('oscar', () => {
  it('starts a job with an event that survives the shell in front of the supervisor', async () => {
    const cluster = await OscarCluster.start()

    const outcome = await aTarget(cluster).deliver(aDelivery('dlv_1', `in/${nastyName}`), never)

    expect(outcome).toMatchObject({ kind: 'delivered', job: { id: jobName('dlv_1'), state: 'submitted' } })
    const event = JSON.parse(throughEcho('sh', cluster.jobs.get(jobName('dlv_1')) ?? ''))
    expect(event).toMatchObject({ Key: `/Gamma/in/${nastyName}`, Records: [{ objectKey: nastyName }] })
  })

  it('wraps the event for versions that refuse it plain, safe for a shell too', async () => {
    const cluster = await OscarCluster.start('3.5.3')

    expect(await aTarget(cluster).deliver(aDelivery(), never)).toMatchObject({ kind: 'retry', answer: { status: 500 } })
    const wrapping = aTarget(cluster, { login, event: 'delegated', storageProvider: 'datahub' })
    expect(await wrapping.deliver(aDelivery('dlv_2', `in/${nastyName}`), never)).toMatchObject({ kind: 'delivered' })

    const [body = ''] = cluster.jobs.values()
    const outer = JSON.parse(throughEcho('sh', body))
    expect(outer.storage_provider).toBe('datahub')
    expect(JSON.parse(outer.event)).toMatchObject({ Key: `/Gamma/in/${nastyName}` })
  })

  it('takes a job that is there already for the one that an attempt before has started', async () => {
    const cluster = await OscarCluster.start()
    const target = aTarget(cluster)
    await target.deliver(aDelivery(), never)

    expect(await target.deliver({ ...aDelivery(), attempt: 2 }, never)).toMatchObject({ kind: 'delivered' })
    expect(cluster.jobs.size).toBe(1)
  })

  it('fetches the token of the service, and again when an update of the service has made another', async () => {
    const cluster = await OscarCluster.start()
    const target = aTarget(cluster)
    await target.deliver(aDelivery('dlv_1'), never)
    cluster.token = 'n'.repeat(64)

    expect(await target.deliver(aDelivery('dlv_2'), never)).toMatchObject({ kind: 'delivered' })
    expect(cluster.authorizations.filter((each) => each.startsWith('Basic'))).toHaveLength(2)
  })

  it('logs in with an OIDC token too', async () => {
    const cluster = await OscarCluster.start()
    const target = aTarget(cluster, { login: { bearer: { env: 'OIDC' } } })
    expect(await target.probe?.(never)).toBe('service yolo is there')
    expect(await target.deliver(aDelivery(), never)).toMatchObject({ kind: 'delivered' })
    expect(cluster.authorizations).toContain('Bearer canary')
  })

  it('uses the token that it fetched from then on, where the configured one is outdated', async () => {
    const cluster = await OscarCluster.start()
    const target = aTarget(cluster, { token: { env: 'OLD' }, login })
    for (const id of ['dlv_1', 'dlv_2', 'dlv_3']) {
      expect(await target.deliver(aDelivery(id), never)).toMatchObject({ kind: 'delivered' })
    }
    expect(cluster.authorizations.filter((each) => each === 'Bearer canary')).toHaveLength(1)
    expect(cluster.authorizations).toHaveLength(5)
  })

  it('waits where something else answers than an OSCAR cluster', async () => {
    const cluster = await OscarCluster.start()
    cluster.token = ''
    expect(await aTarget(cluster).deliver(aDelivery(), never)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('is no OSCAR cluster'),
    })
  })

  it('gives up by the time-out a cluster whose answer trickles', async () => {
    const cluster = await OscarCluster.start()
    cluster.behaviour = 'trickle'
    const deps = targetDeps({ timeoutMs: 200, secret: () => fixedSecret('canary') })
    const target = oscar.build({ url: cluster.url, service: 'yolo', login }, deps)
    onTestFinished(() => target.close())

    expect(await target.deliver(aDelivery(), never)).toEqual(late)
    await expect(target.probe?.(never)).rejects.toThrow('did not end in time')
  })

  it('hangs up on a cluster whose answer has no end, and waits', async () => {
    const endless = await EndlessServer.start()
    const target = oscar.build({ url: endless.url, service: 'yolo', login }, targetDeps())
    onTestFinished(() => target.close())

    expect(await target.deliver(aDelivery(), never)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('too long'),
    })
    await endless.hungUp
    expect(endless.sent).toBeLessThan(mostSent)
  })

  it('takes for an attempt with all its requests no longer than the time-out', async () => {
    const [cluster, clock] = [await OscarCluster.start(), new FakeClock()]
    const target = aTarget(cluster, { login }, clock)
    cluster.pause = () => clock.advance(6_000)

    expect(await target.deliver(aDelivery(), never)).toEqual(late)
    // The token is known by now.
    expect(await target.deliver(aDelivery(), never)).toMatchObject({ kind: 'delivered' })
  })

  it('waits for a token that is refused for good, and tells no secret', async () => {
    const cluster = await OscarCluster.start()
    const outcome = await aTarget(cluster, { token: { env: 'TOKEN' } }).deliver(aDelivery(), never)
    expect(outcome).toMatchObject({ kind: 'unavailable', answer: { status: 401 } })
    expect(JSON.stringify(outcome)).not.toContain('canary')
  })

  it('waits for a service that is not there', async () => {
    const cluster = await OscarCluster.start()
    const target = aTarget(cluster, { token: { env: 'TOKEN' }, service: 'absent' })
    expect(await target.deliver(aDelivery(), never)).toMatchObject({ kind: 'unavailable' })
  })
})

describe('a job of oscar', () => {
  const started = async (version: string, clock = new FakeClock()) => {
    const cluster = await OscarCluster.start(version)
    const target = aTarget(cluster, { login }, clock)
    const outcome = await target.deliver(aDelivery(), never)
    const job = outcome.kind === 'delivered' && outcome.job !== undefined ? outcome.job : null
    if (job === null) throw new Error('no job was started')
    return {
      cluster,
      target,
      job,
      follow: async (jobs: readonly Job[] = [job]) => (await target.follow?.(jobs, never)) ?? [],
    }
  }

  it('is told of only what can be understood, and not at any length', async () => {
    const { cluster, job, follow } = await started('4.1.2')
    cluster.statuses.set(job.id, { status: 'constructor' })
    expect(await follow()).toMatchObject([{ state: 'submitted' }])

    cluster.statuses.set(job.id, { status: 'y'.repeat(100_000) })
    const [long] = await follow()
    expect(long?.detail).toHaveLength(1_024)
    expect(long?.detail).toContain('handed over at')
  })

  it('is followed through all pages to its end', async () => {
    const { cluster, job, follow } = await started('4.1.2')
    for (const other of ['a', 'b', 'c']) cluster.statuses.set(other, { status: 'Succeeded' })
    cluster.statuses.set(job.id, { status: 'Pending', creation_time: '2026-01-01T00:00:00Z', start_time: '' })
    expect(await follow()).toMatchObject([
      { state: 'submitted', detail: expect.stringContaining('not started since 2026-01-01T00:00:00Z') },
    ])
    cluster.statuses.set(job.id, { status: 'Failed' })

    expect(await follow()).toMatchObject([{ state: 'failed', log: `/system/logs/yolo/${job.id}` }])
  })

  it('is found in the bare map of older versions too', async () => {
    const { cluster, job, follow } = await started('3.3.3')
    cluster.statuses.set(job.id, { status: 'Running', start_time: '2026-01-01T00:00:00Z' })
    expect(await follow()).toMatchObject([{ state: 'running' }])
  })

  it('that the cluster has named itself is waited for a while, and then unknown', async () => {
    const clock = new FakeClock()
    const { follow } = await started('3.6.5', clock)
    expect(await follow()).toEqual([])
    await clock.advance(600_000)

    expect(await follow()).toMatchObject([{ state: 'unknown', detail: expect.stringContaining('before OSCAR 4.1') }])
  })

  it('cannot be looked at while the cluster does not answer, which is told to the caller', async () => {
    const { cluster, follow } = await started('4.1.2')
    await cluster.close()
    await expect(follow()).rejects.toThrow()
  })
})
