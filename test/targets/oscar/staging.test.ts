import { describe, expect, it, onTestFinished } from 'vitest'
import type { ClaimedDelivery } from '../../../src/core/delivery.ts'
import { jobName } from '../../../src/core/ids.ts'
import { defaultEgress } from '../../../src/lib/egress.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import type { TargetDeps } from '../../../src/targets/define.ts'
import { oscar } from '../../../src/targets/registry.ts'
import { anEvent } from '../../support/builders.ts'
import { mostSent } from '../../support/endless-server.ts'
import { targetDeps } from '../../support/target-deps.ts'
import { waitFor } from '../../support/wait-for.ts'
import { OscarCluster } from './cluster.ts'
import { endless, HostileBucket, listWithoutEnd, trickling } from './hostile-bucket.ts'
import { KeepingBucket } from './keeping-bucket.ts'

const never = new AbortController().signal
/** More than one part, so that an unfinished upload is looked for. */
const large = 9 * 1_048_576

function aStaging(
  bucket: { readonly url: string },
  size: number,
  overrides: Partial<TargetDeps> = {},
  path = 'in/a.avi',
) {
  const event = anEvent({ path, size })
  const delivery: ClaimedDelivery = { id: 'dlv_1', target: 'yolo', event, attempt: 1, createdAt: 0 }
  const minio = { endpoint: bucket.url, path: 'bucket/input', accessKey: { env: 'A' }, secretKey: { env: 'S' } }
  const source: Pick<TargetDeps, 'readContent' | 'fileVersion'> = {
    readContent: async (_event, { length }) => ({ bytes: new Uint8Array(length), size }),
    fileVersion: async () => ({ size, mtime: event.mtime }),
  }
  const given = { url: 'http://127.0.0.1:9', service: 'yolo', mode: 'stage', minio }
  const target = oscar.build(given, targetDeps({ ...source, ...overrides }))
  onTestFinished(() => target.close())
  return { target, delivery }
}

async function isLeftAlone(bucket: HostileBucket): Promise<void> {
  let open = 1
  await waitFor('no connection is left', () => {
    void bucket.connections().then((count) => {
      open = count
    })
    return open === 0
  })
}

describe('an S3 server', () => {
  it.each([
    ['note', 200, large],
    ['list', 200, large],
    ['list', 500, large],
    ['put', 200, 10],
    ['put', 500, 10],
    ['put', 403, 10],
  ] as const)('whose answer to a %s (%i) has no end is given up, and waited for', async (asked, status, size) => {
    const bucket = await HostileBucket.start(asked, endless(status))
    const { target, delivery } = aStaging(bucket, size)

    const { kind } = await target.deliver(delivery, never)

    expect(['retry', 'unavailable']).toContain(kind)
    await isLeftAlone(bucket)
    expect(bucket.asked).toBeGreaterThan(0)
    expect(bucket.sent).toBeLessThan(mostSent)
  })

  it.each([
    ['note', 'body', large],
    ['list', 'body', large],
    ['part', 'body', large],
    ['put', 'body', 10],
    ['put', 'head', 10],
    ['head', 'head', 10],
  ] as const)(
    'whose answer to a %s trickles without end (its %s) is given up, and waited for',
    async (asked, part, size) => {
      const bucket = await HostileBucket.start(asked, trickling(part))
      const { target, delivery } = aStaging(bucket, size, { timeoutMs: 300 })

      expect(await target.deliver(delivery, never)).toMatchObject({ kind: 'retry' })

      expect(bucket.asked).toBeGreaterThan(0)
      await isLeftAlone(bucket)
    },
  )

  it('that stalls is left at once where the attempt is broken off', async () => {
    const bucket = await HostileBucket.start('put', trickling('body'))
    const { target, delivery } = aStaging(bucket, 10, { timeoutMs: 60_000 })
    const stop = new AbortController()
    const ended = target.deliver(delivery, stop.signal)
    await waitFor('the file is sent', () => bucket.asked > 0)

    stop.abort(new Error('stopped'))

    await expect(ended).rejects.toThrow('stopped')
    await isLeftAlone(bucket)
  })

  it.each([
    [0, 100],
    [1, 100],
    [1_000, 11],
  ])('that lists %i parts on each of pages without end is given up, and waited for', async (parts, pages) => {
    const bucket = await HostileBucket.start('list', listWithoutEnd(parts))
    const { target, delivery } = aStaging(bucket, large)

    expect(await target.deliver(delivery, never)).toMatchObject({ kind: 'retry' })

    expect(bucket.asked).toBe(pages)
  })
})

it('a bucket to which no connection comes about is waited for: that uses up no attempt', async () => {
  const nobodyAnswers = { ...defaultEgress, lookup: () => {} }
  const { target, delivery } = aStaging({ url: 'http://minio.invalid' }, 10, { egress: nobodyAnswers, timeoutMs: 400 })

  expect(await target.deliver(delivery, never)).toMatchObject({ kind: 'unavailable' })
})

it('a file whose key is longer than S3 takes is refused, and says so', async () => {
  const bucket = await HostileBucket.start('head', (_bucket) => (response) => response.writeHead(400).end())
  const path = `in/${'é'.repeat(120)}/${'é'.repeat(120)}/${'é'.repeat(120)}/${'é'.repeat(120)}/${'é'.repeat(120)}`
  const { target, delivery } = aStaging(bucket, 10, {}, path)

  expect(await target.deliver(delivery, never)).toMatchObject({
    kind: 'rejected',
    reason: expect.stringContaining('1024 bytes'),
  })
  expect(bucket.asked).toBe(0)
})

it.each([
  ['yolo', 'wrong', 401],
  ['nope', 'canary', 404],
])('a cluster that does not tell of service %s (password %s) is waited for, and why is told', async (...given) => {
  const [service, password, status] = given
  const cluster = await OscarCluster.start()
  const login = { basic: { username: 'oscar', password: { env: 'PASSWORD' } } }
  const deps = targetDeps({ secret: () => fixedSecret(password) })
  const target = oscar.build({ url: cluster.url, service, mode: 'stage', login }, deps)
  onTestFinished(() => target.close())

  const delivery = { id: 'dlv_1', target: 'yolo', event: anEvent(), attempt: 1, createdAt: 0 }
  expect(await target.deliver(delivery, never)).toEqual({
    kind: 'unavailable',
    reason: `the cluster answered ${status} when asked where the input of service ${service} is`,
  })
})

describe('the note of an unfinished upload', () => {
  const [key, note] = ['input/in/a.avi', `.onetrigger/${jobName('dlv_1')}`]
  const put = (bucket: KeepingBucket, text: string) =>
    bucket.objects.set(note, { bytes: Buffer.from(text), delivery: null })

  it.each([
    '',
    '{"key":"input/in/a.avi","uplo',
    'null',
    '{"key":7,"uploadId":"upload-1"}',
    '{"key":"input/in/a.avi","uploadId":""}',
    '\u0000\uFFFF',
  ])('that is spoilt (%j) counts as none: the object is written once, for this delivery', async (text) => {
    const bucket = await KeepingBucket.start()
    const warned: string[] = []
    const log = { ...silentLog, warn: (_fields: object, message: string) => warned.push(message) }
    const { target, delivery } = aStaging(bucket, large, { log })
    put(bucket, text)

    expect(await target.deliver(delivery, never)).toMatchObject({ kind: 'delivered' })

    expect([...bucket.objects.keys()]).toEqual([key])
    const object = bucket.objects.get(key)
    expect(object?.delivery).toBe(jobName('dlv_1'))
    expect(object?.bytes.equals(Buffer.alloc(large))).toBe(true)
    expect(warned).toEqual(['the note of an upload is spoilt: it begins anew'])
    put(bucket, text)
    expect(await target.deliver({ ...delivery, attempt: 2 }, never)).toMatchObject({ kind: 'delivered' })
    expect(bucket.written.filter((each) => each === key)).toHaveLength(1)
    expect([...bucket.objects.keys()]).toEqual([key])
  })

  it('that is spoilt is replaced, so that the attempt after goes on from there', async () => {
    const bucket = await KeepingBucket.start()
    put(bucket, 'spoilt')
    const stop = new AbortController()
    let reads = 0
    const readContent: TargetDeps['readContent'] = async (_event, { start, length }) => {
      reads += 1
      if (start > 0 && reads === 2) stop.abort(new Error('killed'))
      return { bytes: new Uint8Array(length), size: large }
    }
    const { target, delivery } = aStaging(bucket, large, { readContent })
    await expect(target.deliver(delivery, stop.signal)).rejects.toThrow('killed')

    expect(await target.deliver({ ...delivery, attempt: 2 }, never)).toMatchObject({ kind: 'delivered' })

    expect(reads).toBe(3)
    expect(bucket.uploads.size).toBe(0)
  })

  it('that is spoilt goes with a file that has changed', async () => {
    const bucket = await KeepingBucket.start()
    put(bucket, 'spoilt')
    const { target, delivery } = aStaging(bucket, large, { fileVersion: async () => null })

    expect(await target.deliver(delivery, never)).toEqual({ kind: 'rejected', reason: 'the file is gone' })

    expect(bucket.objects.size).toBe(0)
  })

  it('that cannot be fetched now may be a good one: nothing begins, and it is asked for again', async () => {
    const bucket = await KeepingBucket.start()
    put(bucket, 'spoilt')
    bucket.unreadable.add(note)
    const { target, delivery } = aStaging(bucket, large)

    expect(await target.deliver(delivery, never)).toMatchObject({
      kind: 'retry',
      reason: expect.stringContaining('500'),
    })

    expect(bucket.uploads.size).toBe(0)
    expect(bucket.written).toEqual([])
  })
})
