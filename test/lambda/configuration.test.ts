import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadFunctionConfig } from '../../src/lambda/configuration.ts'
import { AwsServer, awsError } from '../support/aws-server.ts'
import { tempDir } from '../support/temp-dir.ts'

const tokenArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:datahub-AbCdEf'
const parameterArn = 'arn:aws:ssm:eu-west-1:123456789012:parameter/onetrigger/config'

const yaml = `
sources: { hub: { type: onedata, host: provider.example.org, token: { arn: "${tokenArn}" } } }
triggers: { video: { watch: { source: hub, space: Gamma, folder: in }, deliver: [gpu] } }
targets: { gpu: { type: batch, region: us-east-1, queue: scar-yolo } }
store: { type: dynamodb, table: states }
`

const of2019 = {
  ONEPROVIDER_HOST: 'provider.example.org',
  ONEDATA_SPACE: 'Gamma',
  ONEDATA_ACCESS_TOKEN: 'canary-token',
  EXECUTION_FREQUENCY: '5',
  ONETRIGGER_FOLDER_In: '/in',
  ONETRIGGER_WEBHOOK_In: 'https://example.org/in',
  ONETRIGGER_FOLDER_2: '/other/',
  ONETRIGGER_WEBHOOK_2: 'https://example.org/other',
  ONETRIGGER_TABLE: 'states',
}

describe('the configuration of a function', () => {
  it('comes from a file of its bundle, and names the secrets that have to be read', async () => {
    const path = join(tempDir(), 'onetrigger.yaml')
    writeFileSync(path, yaml)

    const { config, arns } = await loadFunctionConfig({ ONETRIGGER_CONFIG: path })

    expect(config.store).toEqual({ type: 'dynamodb', table: 'states' })
    expect(config.triggers.map(({ name }) => name)).toEqual(['video'])
    expect(arns).toEqual([tokenArn])
  })

  it('comes from S3', async () => {
    const aws = await AwsServer.start(({ path }) =>
      path.startsWith('/conf/prod/onetrigger.yaml') ? { body: yaml } : awsError('NoSuchKey', 404),
    )

    const { config } = await loadFunctionConfig({ ONETRIGGER_CONFIG: 's3://conf/prod/onetrigger.yaml' })

    expect(config.triggers).toHaveLength(1)
    expect(aws.calls).toHaveLength(1)
    await expect(loadFunctionConfig({ ONETRIGGER_CONFIG: 's3://conf/other.yaml' })).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      message: expect.stringContaining('s3://conf/other.yaml'),
    })
  })

  it('comes from a parameter of SSM', async () => {
    const aws = await AwsServer.start(() => ({ body: { Parameter: { Value: yaml } } }))

    const { config } = await loadFunctionConfig({ ONETRIGGER_CONFIG: parameterArn })

    expect(config.triggers).toHaveLength(1)
    expect(aws.calls.map(({ body }): unknown => JSON.parse(body))).toEqual([
      { Name: parameterArn, WithDecryption: true },
    ])
  })

  it('takes the table from the environment where it names no store, and refuses to do without', async () => {
    const path = join(tempDir(), 'onetrigger.yaml')
    writeFileSync(path, yaml.replace(/^store.*$/m, ''))

    const { config } = await loadFunctionConfig({ ONETRIGGER_CONFIG: path, ONETRIGGER_TABLE: 'other' })

    expect(config.store).toEqual({ type: 'dynamodb', table: 'other' })
    await expect(loadFunctionConfig({ ONETRIGGER_CONFIG: path })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('ONETRIGGER_TABLE'),
    })
  })
})

describe('the variables of the function of 2019', () => {
  it('make a trigger and a webhook of each pair, whose posts carry the header that they had', async () => {
    const { config, arns } = await loadFunctionConfig(of2019)

    expect(config.triggers.map(({ name, folder, deliver }) => ({ name, folder, deliver }))).toEqual(
      expect.arrayContaining([
        { name: 'in', folder: 'in', deliver: ['in'] },
        { name: '2', folder: 'other', deliver: ['2'] },
      ]),
    )
    expect(config.targets.get('in')).toMatchObject({
      type: 'webhook',
      options: { headers: { 'X-Amz-Invocation-Type': 'Event' } },
    })
    expect(arns).toEqual([])
  })

  it('may name the token by its ARN', async () => {
    const { arns } = await loadFunctionConfig({ ...of2019, ONEDATA_ACCESS_TOKEN_ARN: tokenArn })

    expect(arns).toEqual([tokenArn])
  })

  it('are told of all at once where they do not fit', async () => {
    const { ONEPROVIDER_HOST: _host, ONETRIGGER_WEBHOOK_2: _webhook, ...rest } = of2019

    const loading = loadFunctionConfig({
      ...rest,
      ONETRIGGER_FOLDER_IN: '/twice',
      ONETRIGGER_WEBHOOK_IN: 'https://example.org',
    })

    await expect(loading).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: {
        problems: [
          'ONEPROVIDER_HOST is not set',
          'ONETRIGGER_FOLDER_2 has no ONETRIGGER_WEBHOOK_2',
          'ONETRIGGER_FOLDER_IN and ONETRIGGER_FOLDER_In have the same name',
        ],
      },
    })
  })

  it('without a token are refused before anything is asked', async () => {
    await expect(loadFunctionConfig({ ...of2019, ONEDATA_ACCESS_TOKEN: '' })).rejects.toMatchObject({
      code: 'CONFIG_SECRET_MISSING',
    })
  })
})
