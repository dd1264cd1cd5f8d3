import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createAwsCloud } from '../../../src/deploy/stack/aws/aws-cloud.ts'
import { deployError, explainReason } from '../../../src/deploy/stack/failure.ts'
import { AwsServer, awsError } from '../../support/aws-server.ts'
import { tempDir } from '../../support/temp-dir.ts'

/** Looks at a stack with these variables of AWS' tools and no others; gives what it says. */
async function asked(variables: Readonly<Record<string, string>>, region: string | null = null): Promise<string> {
  const before = { ...process.env }
  const mine = Object.keys(process.env).filter((name) => name.startsWith('AWS_'))
  for (const name of mine) delete process.env[name]
  const nowhere = join(tempDir(), 'absent')
  Object.assign(process.env, {
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...variables,
  })
  onTestFinished(() => {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
    Object.assign(process.env, before)
  })
  const cloud = createAwsCloud(region)
  try {
    return `it is there: ${await cloud.stack('x')}`
  } catch (error) {
    return error instanceof Error ? error.message : 'no error'
  } finally {
    cloud.close()
  }
}

const credentials = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }

it('says that there are no credentials', async () => {
  expect(await asked({ AWS_REGION: 'us-east-1' })).toContain('there are no credentials: set AWS_PROFILE')
})

it('says that no region is given, or that it is none', async () => {
  expect(await asked(credentials)).toContain('no region is given')
  expect(await asked(credentials, 'us east 1')).toContain('the region is none')
})

it('asks whether the region is right where nobody is there', async () => {
  const message = await asked({ ...credentials, AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })

  expect(message).toBe('AWS cannot be reached (ECONNREFUSED): is the region right?')
})

it('names the right that is missing, whichever protocol the service speaks', async () => {
  const server = await AwsServer.start(() => ({
    ...awsError('AccessDeniedException'),
    body: {
      message: 'User: arn:aws:iam::1:user/ann is not authorized to perform: dynamodb:DescribeTable on resource: x',
    },
  }))
  const cloud = createAwsCloud(null)

  await expect(cloud.table('x')).rejects.toMatchObject({
    code: 'DEPLOY_REFUSED',
    message: 'these credentials may not dynamodb:DescribeTable (looking at the table x); ask for that right',
  })
  await expect(cloud.code('x')).rejects.toMatchObject({ code: 'DEPLOY_REFUSED' })
  expect(server.calls.length).toBe(2)
  cloud.close()
})

it.each([
  ['You have exceeded your vCPU limit of 0', 'Running On-Demand G and VT instances'],
  ['scar-yolo-video already exists', 'made by SCAR, by another stack or by hand'],
  ['User: x is not authorized to perform: iam:PassRole on resource: y', 'may not iam:PassRole'],
])('explains %s', (reason, words) => {
  expect(explainReason(reason)).toContain(words)
})

it('never quotes an answer that cannot be read, nor what was no error', () => {
  const unreadable = { name: 'Error', message: 'Deserialization error: canary', $metadata: { httpStatusCode: 502 } }

  expect(deployError(unreadable, 'looking').message).toBe(
    'looking failed: AWS gave no answer that can be read (status 502)',
  )
  expect(deployError('canary', 'looking').message).toBe('looking failed')
})
