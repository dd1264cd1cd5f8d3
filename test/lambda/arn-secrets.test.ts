import { describe, expect, it } from 'vitest'
import { ArnSecrets } from '../../src/lambda/arn-secrets.ts'
import { AwsServer, awsError } from '../support/aws-server.ts'
import { FakeClock } from '../support/fake-clock.ts'

const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:datahub-AbCdEf'
const parameterArn = 'arn:aws:ssm:eu-west-1:123456789012:parameter/onetrigger/token'

/** Secrets Manager and SSM, which know these values. */
async function aWorld(values: Record<string, string> = { [secretArn]: 'one\n', [parameterArn]: 'two' }) {
  const clock = new FakeClock()
  const aws = await AwsServer.start(({ headers, body }) => {
    // What the SDK sends.
    const { SecretId, Name } = JSON.parse(body) as { SecretId?: string; Name?: string }
    const value = values[SecretId ?? Name ?? '']
    if (value === undefined) return awsError('ResourceNotFoundException')
    const isSecret = String(headers['x-amz-target']).startsWith('secretsmanager')
    return { body: isSecret ? { SecretString: value } : { Parameter: { Value: value } } }
  })
  return { aws, clock, values, secrets: new ArnSecrets(clock) }
}

describe('secrets by ARN', () => {
  it('come from Secrets Manager and SSM, and are asked for once', async () => {
    const { aws, secrets } = await aWorld()

    await secrets.prepare([secretArn, parameterArn])
    await secrets.prepare([secretArn, parameterArn])

    expect(secrets.source(secretArn).get().reveal()).toBe('one')
    expect(secrets.source(parameterArn).get().reveal()).toBe('two')
    expect(aws.calls).toHaveLength(2)
  })

  it('are asked for in the region that their ARN names', async () => {
    const { aws, secrets } = await aWorld()

    await secrets.prepare([secretArn, parameterArn])

    const scopes = aws.calls.map(
      ({ headers }) => /\/(\w+-\w+-\d)\/\w+\/aws4_request/.exec(String(headers.authorization))?.[1],
    )
    expect(scopes).toEqual(['eu-west-1', 'eu-west-1'])
  })

  it('are read again after an hour, and before the next run where something refused them', async () => {
    const { clock, values, secrets } = await aWorld()
    await secrets.prepare([secretArn])
    values[secretArn] = 'rotated'

    secrets.source(secretArn).refresh()
    await secrets.prepare([secretArn])
    expect(secrets.source(secretArn).get().reveal()).toBe('rotated')

    values[secretArn] = 'rotated again'
    await secrets.prepare([secretArn])
    expect(secrets.source(secretArn).get().reveal()).toBe('rotated')
    await clock.advance(3_600_000)
    await secrets.prepare([secretArn])
    expect(secrets.source(secretArn).get().reveal()).toBe('rotated again')
  })

  it('that are known are used on while they cannot be read anew, and asked for again by the next run', async () => {
    const { aws, clock, values, secrets } = await aWorld()
    await secrets.prepare([secretArn])
    await clock.advance(3_600_000)
    delete values[secretArn]

    await secrets.prepare([secretArn])
    expect(secrets.source(secretArn).get().reveal()).toBe('one')

    values[secretArn] = 'rotated'
    await secrets.prepare([secretArn])
    expect(secrets.source(secretArn).get().reveal()).toBe('rotated')
    expect(aws.calls).toHaveLength(3)
  })

  it('that nobody answers about are named too, long before the run is over', async () => {
    const clock = new FakeClock()
    const secrets = new ArnSecrets(clock, () => new Promise(() => {}))

    const read = secrets.prepare([secretArn]).then(
      () => null,
      (error: unknown) => error,
    )
    await clock.advance(20_000)

    expect(await read).toMatchObject({ code: 'CONFIG_SECRET_MISSING', message: expect.stringContaining(secretArn) })
    expect(clock.nextAt()).toBeNull()
  })

  it('that are missing or empty are named by their ARN', async () => {
    const { secrets } = await aWorld({ [parameterArn]: '' })

    for (const arn of [secretArn, parameterArn]) {
      await expect(secrets.prepare([arn])).rejects.toMatchObject({
        code: 'CONFIG_SECRET_MISSING',
        message: expect.stringContaining(arn),
      })
    }
  })
})
