import { createHash } from 'node:crypto'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { ClaimedDelivery } from '../../src/core/delivery.ts'
import { jobName } from '../../src/core/ids.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { silentSourceMeter } from '../../src/sources/define.ts'
import { onedata } from '../../src/sources/onedata/index.ts'
import type { TargetDeps } from '../../src/targets/define.ts'
import { oscar } from '../../src/targets/registry.ts'
import { nastyName } from '../formats/events.ts'
import { anEvent } from '../support/builders.ts'
import { seededRandom, startSimulator } from '../support/simulator.ts'
import { targetDeps } from '../support/target-deps.ts'
import { OscarCluster } from '../targets/oscar/cluster.ts'
import { type Minio, startMinio } from './minio.ts'

const never = new AbortController().signal
const mib = 1_048_576
let minio: Minio
let s3: S3Client
let buckets = 0
let bucket = ''

beforeAll(async () => {
  minio = await startMinio()
  const credentials = { accessKeyId: minio.accessKey, secretAccessKey: minio.secretKey }
  s3 = new S3Client({ endpoint: minio.endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
})
beforeEach(async () => {
  bucket = `yolo-${buckets++}`
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
})
afterAll(async () => {
  s3.destroy()
  await minio.close()
})

/** A provider with a file of so many bytes, a target that stages it, and what was read of it. */
async function aFile(bytes: number, path = 'in/video.avi') {
  const simulator = await startSimulator()
  simulator.model.mkdir('in')
  const random = seededRandom(7)
  const content = Buffer.from(Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256)))
  const fileId = simulator.model.create(path, content)
  const source = onedata.build(
    { host: simulator.url, token: { env: 'TOKEN' }, requestTimeout: '20s' },
    {
      name: 'hub',
      clock: createSystemClock(),
      random: () => 0.5,
      log: silentLog,
      meter: silentSourceMeter,
      secret: () => fixedSecret(simulator.token),
    },
  )
  onTestFinished(() => source.close())
  const reads: { readonly start: number; readonly length: number }[] = []
  let held = 0
  let most = 0
  const readContent: TargetDeps['readContent'] = async ({ space, fileId: id }, range, signal) => {
    reads.push(range)
    held += range.length
    most = Math.max(most, held)
    const part = await source.readContent({ space, fileId: id }, range, signal)
    held -= range.length
    return part
  }
  const { space } = simulator
  const file = { space, fileId, path }
  const mtime = (await source.fileVersion(file, never))?.mtime ?? 0
  const event = anEvent({ path, size: bytes, fileId, space, mtime })
  const delivery: ClaimedDelivery = { id: 'dlv_1', target: 'yolo', event, attempt: 1, createdAt: 0 }
  const fileVersion: TargetDeps['fileVersion'] = (_event, signal) => source.fileVersion(file, signal)
  return { simulator, content, delivery, reads, readContent, source: { readContent, fileVersion }, most: () => most }
}

function aTarget(source: Pick<TargetDeps, 'readContent' | 'fileVersion'>, options: object = {}) {
  const secret: TargetDeps['secret'] = (ref) =>
    fixedSecret('env' in ref && ref.env === 'A' ? minio.accessKey : minio.secretKey)
  const place = { endpoint: minio.endpoint, path: `${bucket}/input`, accessKey: { env: 'A' }, secretKey: { env: 'S' } }
  const given = { url: 'http://127.0.0.1:9', service: 'yolo', mode: 'stage', minio: place, ...options }
  const target = oscar.build(given, targetDeps({ secret, ...source }))
  onTestFinished(() => target.close())
  return target
}

async function objects(): Promise<readonly string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }))
  return Contents.map(({ Key = '' }) => Key)
}

async function staged(key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return sha256((await Body?.transformToByteArray()) ?? new Uint8Array())
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

describe('staging a file into the MinIO input of a service', () => {
  it('copies a large one part by part, never more than one part in memory', async () => {
    const { content, delivery, reads, source, most } = await aFile(30 * mib + 5)

    expect(await aTarget(source).deliver(delivery, never)).toMatchObject({ kind: 'delivered' })

    expect(await staged('input/in/video.avi')).toBe(sha256(content))
    expect(reads).toHaveLength(4)
    expect(most()).toBe(8 * mib)
    expect(await objects()).toEqual(['input/in/video.avi'])
  })

  it.each([0, 1, 8 * mib])('copies one of %i bytes at once', async (bytes) => {
    const { content, delivery, source } = await aFile(bytes)
    expect(await aTarget(source).deliver(delivery, never)).toMatchObject({ kind: 'delivered' })
    expect(await staged('input/in/video.avi')).toBe(sha256(content))
  })

  it('keeps any name', async () => {
    const { content, delivery, source } = await aFile(10, `in/${nastyName}`)
    expect(await aTarget(source).deliver(delivery, never)).toMatchObject({ kind: 'delivered' })
    expect(await staged(`input/in/${nastyName}`)).toBe(sha256(content))
  })

  it('asks the service where its input is', async () => {
    const { content, delivery, source } = await aFile(10)
    const cluster = await OscarCluster.start()
    const login = { basic: { username: 'oscar', password: { env: 'P' } } }
    const deps = targetDeps({ ...source, secret: () => fixedSecret('canary') })
    const target = oscar.build({ url: cluster.url, service: 'yolo', mode: 'stage', login }, deps)
    onTestFinished(() => target.close())
    expect(await target.deliver(delivery, never)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('no MinIO input'),
    })
    cluster.definition = {
      input: [{ storage_provider: 'minio.default', path: `${bucket}/in` }],
      storage_providers: {
        minio: { default: { endpoint: minio.endpoint, access_key: 'hidden', secret_key: 'hidden' } },
      },
    }
    expect(await target.deliver(delivery, never)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('from 3.5 on'),
    })
    const { endpoint, accessKey: access_key, secretKey: secret_key } = minio
    const storage = { endpoint, region: 'us-east-1', access_key, secret_key }
    cluster.definition = {
      input: [{ storage_provider: 'minio.default', path: `${bucket}/in` }],
      storage_providers: { minio: { default: storage } },
    }

    expect(await target.deliver(delivery, never)).toMatchObject({ kind: 'delivered' })
    expect(await staged('in/in/video.avi')).toBe(sha256(content))
  })

  it('goes on where an attempt before was broken off', async () => {
    const { content, delivery, reads, source } = await aFile(40 * mib)
    const stop = new AbortController()
    const breaking: TargetDeps['readContent'] = async (event, range, signal) => {
      if (range.start >= 24 * mib) stop.abort(new Error('killed'))
      return source.readContent(event, range, signal)
    }
    await expect(aTarget({ ...source, readContent: breaking }).deliver(delivery, stop.signal)).rejects.toThrow('killed')
    expect(await objects()).toEqual([`.onetrigger/${jobName('dlv_1')}`])
    const before = reads.length

    expect(await aTarget(source).deliver({ ...delivery, attempt: 2 }, never)).toMatchObject({ kind: 'delivered' })

    expect(reads.slice(before).map(({ start }) => start / mib)).toEqual([24, 32])
    expect(await staged('input/in/video.avi')).toBe(sha256(content))
    expect(await objects()).toEqual(['input/in/video.avi'])
  })

  it('does not write an object again that is there for the same delivery, so that the service runs once', async () => {
    const { delivery, reads, source } = await aFile(20 * mib)
    const target = aTarget(source)
    await target.deliver(delivery, never)
    const before = reads.length

    expect(await target.deliver({ ...delivery, attempt: 2 }, never)).toMatchObject({ kind: 'delivered' })
    expect(reads).toHaveLength(before)
    expect(await target.deliver({ ...delivery, id: 'dlv_2' }, never)).toMatchObject({ kind: 'delivered' })
    expect(reads.length).toBeGreaterThan(before)
  })

  it('gives an event up whose file has changed since: the newer version has its own', async () => {
    const { simulator, delivery, source } = await aFile(10 * mib)
    simulator.model.write('in/video.avi', 'more')
    expect(await aTarget(source).deliver(delivery, never)).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining('newer version'),
    })
    expect(await objects()).not.toContain('input/in/video.avi')
  })

  it('never mixes two versions of one size: an upload that was broken off is thrown away when the file has changed', async () => {
    const { simulator, delivery, source } = await aFile(20 * mib)
    const stop = new AbortController()
    const breaking: TargetDeps['readContent'] = async (event, range, signal) => {
      if (range.start > 0) stop.abort(new Error('killed'))
      return source.readContent(event, range, signal)
    }
    await expect(aTarget({ ...source, readContent: breaking }).deliver(delivery, stop.signal)).rejects.toThrow('killed')
    const fileVersion: TargetDeps['fileVersion'] = async () => ({ size: 20 * mib, mtime: 1 })
    simulator.model.overwrite('in/video.avi', Buffer.alloc(20 * mib, 7))

    expect(await aTarget({ ...source, fileVersion }).deliver({ ...delivery, attempt: 2 }, never)).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining('newer version'),
    })
    expect(await objects()).toEqual([])
  })

  it('gives an event up whose file is gone', async () => {
    const { simulator, delivery, source } = await aFile(10)
    simulator.model.remove('in/video.avi')
    expect(await aTarget(source).deliver(delivery, never)).toMatchObject({
      kind: 'rejected',
      reason: 'the file is gone',
    })
  })

  it('waits for a bucket, a key or a provider that does not work', async () => {
    const { simulator, delivery, source } = await aFile(10)
    const place = { endpoint: minio.endpoint, path: 'absent/input', accessKey: { env: 'A' }, secretKey: { env: 'S' } }
    expect(await aTarget(source, { minio: place }).deliver(delivery, never)).toMatchObject({ kind: 'unavailable' })
    const wrong = { ...place, path: `${bucket}/input`, accessKey: { env: 'S' } }
    const refused = await aTarget(source, { minio: wrong }).deliver(delivery, never)
    expect(refused).toMatchObject({ kind: 'unavailable' })
    expect(JSON.stringify(refused)).not.toContain('canary')
    const nobody = { ...place, endpoint: 'http://127.0.0.1:9' }
    expect(await aTarget(source, { minio: nobody }).deliver(delivery, never)).toMatchObject({
      kind: 'unavailable',
    })
    simulator.faults.http({ kind: 'error', status: 503 })
    expect(await aTarget(source).deliver(delivery, never)).toMatchObject({ kind: 'unavailable' })
  })
})
