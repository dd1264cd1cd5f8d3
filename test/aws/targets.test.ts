import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { ClaimedDelivery } from '../../src/core/delivery.ts'
import { jobName } from '../../src/core/ids.ts'
import { classic } from '../../src/formats/classic.ts'
import type { TargetDefinition } from '../../src/targets/define.ts'
import { batch, eventbridge, lambda } from '../../src/targets/registry.ts'
import { nastyName } from '../formats/events.ts'
import { anEvent } from '../support/builders.ts'
import { targetDeps } from '../support/target-deps.ts'
import { type Aws, startAws } from './moto.ts'

const never = new AbortController().signal
let aws: Aws

beforeAll(async () => {
  aws = await startAws()
})
afterAll(() => aws.close())

function build(definition: TargetDefinition, options: object) {
  const target = definition.build(options, targetDeps())
  onTestFinished(() => target.close())
  return target
}

function aDelivery(id: string, overrides: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  const event = anEvent({ id: `evt_${id}`, path: `in/${nastyName}` })
  return { id: `dlv_${id}`, target: 'aws', event, attempt: 1, createdAt: 0, ...overrides }
}

describe('lambda', () => {
  it('invokes the function with the event as its payload, and waits for it where it is asked to', async () => {
    await aws.ask('make_function', 'scar-yolo')
    const handOver = build(lambda, { function: 'scar-yolo' })
    const wait = build(lambda, { function: 'scar-yolo', invocation: 'RequestResponse' })

    expect(await handOver.probe?.(never)).toContain('scar-yolo')
    expect(await handOver.deliver(aDelivery('l1'), never)).toMatchObject({ kind: 'delivered', answer: { status: 202 } })
    expect(await wait.deliver(aDelivery('l2'), never)).toMatchObject({ kind: 'delivered', answer: { status: 200 } })

    // Without containers moto runs no function; what it was asked to run is on its record.
    const payloads = (await aws.recorded()).filter(({ url }) => url.endsWith('/functions/scar-yolo/invocations'))
    expect(payloads.map(({ body }) => body).slice(1)).toEqual(
      ['l1', 'l2'].map((id) => classic(aDelivery(id).event, { key: 'percent' })),
    )
  })
})

describe('batch', () => {
  const gpu = {
    queue: 'scar-yolo-video',
    gpus: 1,
    memory: 4_096,
    attempts: 2,
    jobTimeout: '2h',
    tags: { owner: 'vision' },
  }

  it('submits the job with what SCAR gives it, and follows it to its end', async () => {
    await aws.ask('make_queue', 'scar-yolo-video')
    const target = build(batch, gpu)
    const delivery = aDelivery('b1')

    expect(await target.probe?.(never)).toContain('scar-yolo-video')
    const outcome = await target.deliver(delivery, never)

    const jobs = await aws.ask('jobs', 'scar-yolo-video')
    expect(jobs).toMatchObject([
      {
        jobName: jobName('dlv_b1'),
        container: {
          environment: expect.arrayContaining([
            { name: 'EVENT', value: classic(delivery.event, { key: 'percent', shellSafe: true }) },
            { name: 'AWS_LAMBDA_REQUEST_ID', value: jobName('dlv_b1') },
          ]),
        },
      },
    ])
    const [job] = outcome.kind === 'delivered' && outcome.job !== undefined ? [outcome.job] : []
    expect(job).toMatchObject({ state: 'submitted' })
    expect(await target.follow?.(job === undefined ? [] : [job], never)).toMatchObject([{ state: 'succeeded' }])
  })

  it('recognises a job whose submission it does not know of, and does not submit it again', async () => {
    const target = build(batch, gpu)
    await target.deliver(aDelivery('b2'), never)

    const again = await target.deliver(aDelivery('b2', { attempt: 2 }), never)

    expect(again).toMatchObject({ kind: 'delivered', job: { id: expect.any(String) } })
    const jobs = await aws.ask('jobs', 'scar-yolo-video')
    expect(JSON.stringify(jobs).split(`"${jobName('dlv_b2')}"`).length - 1).toBeGreaterThan(0)
    expect(Array.isArray(jobs) && jobs.filter((each) => each.jobName === jobName('dlv_b2'))).toHaveLength(1)
  })

  it('waits for a queue that does not exist, as something about the target', async () => {
    const target = build(batch, { queue: 'absent' })
    expect(await target.deliver(aDelivery('b3'), never)).toMatchObject({ kind: 'unavailable' })
    await expect(target.probe?.(never)).rejects.toThrow('absent')
  })
})

describe('eventbridge', () => {
  it('puts events on the bus in as few calls as there can be, and a rule hands them on', async () => {
    const { bus, queue } = Object(await aws.ask('make_bus', 'uploads'))
    const target = build(eventbridge, { bus })

    expect(await target.probe?.(never)).toContain('uploads')
    const outcomes = await Promise.all(Array.from({ length: 25 }, (_, n) => target.deliver(aDelivery(`e${n}`), never)))

    expect(outcomes.every(({ kind }) => kind === 'delivered')).toBe(true)
    const received = await aws.ask('receive', queue)
    expect(received).toHaveLength(25)
    expect(received).toContainEqual(
      expect.objectContaining({
        source: 'onetrigger',
        'detail-type': 'Object Created',
        detail: expect.objectContaining({
          bucket: { name: 'Gamma' },
          object: expect.objectContaining({ key: `in/${nastyName}` }),
        }),
      }),
    )
  })
})

it('no outcome tells a secret key', async () => {
  const target = build(batch, { queue: 'absent' })
  expect(JSON.stringify(await target.deliver(aDelivery('s'), never))).not.toContain('canary')
})
