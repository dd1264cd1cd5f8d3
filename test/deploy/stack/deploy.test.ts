import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../architecture/repository.ts'
import { awsError } from '../../support/aws-server.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { AwsAccount } from '../aws-account.ts'
import { xmlError } from '../aws-stack.ts'
import { aBundle, canary, deployCommand } from '../deploying.ts'

const definition = { function: join(root, 'examples/aws/scar-yolo-video.yaml'), name: 'yolo-video' }

describe('deploy aws', () => {
  it('makes the stack, puts the code, and tells what happens', async () => {
    const { account } = await AwsAccount.start()

    const { out, err, failure } = await deployCommand(definition, { bundle: aBundle() })

    expect(failure).toBeNull()
    expect(out).toBe('yolo-video: stack created, code updated, 2 secrets changed')
    expect(err.split('\n')).toEqual(
      expect.arrayContaining([
        'note: p2.xlarge is of a generation that AWS no longer offers or supports: g4dn.xlarge is used instead',
        'making the stack yolo-video',
        '  CREATE_IN_PROGRESS yolo-video',
        '  CREATE_COMPLETE    yolo-video',
        'putting the code into the function',
      ]),
    )
    expect(account.changes).toEqual(['CreateSecret', 'CreateSecret', 'CreateStack', 'UpdateFunctionCode'])
  })

  it('changes nothing the second time', async () => {
    const { account } = await AwsAccount.start()
    const bundle = aBundle()
    await deployCommand(definition, { bundle })
    const before = account.changes.length

    const { out } = await deployCommand(definition, { bundle })

    expect(out).toBe('yolo-video: stack unchanged, code unchanged, no secrets changed')
    expect(account.changes.length).toBe(before)
  })

  it('changes only what is different', async () => {
    const { account } = await AwsAccount.start()
    const bundle = aBundle()
    await deployCommand(definition, { bundle })

    const larger = await deployCommand({ ...definition, memory: '1024' }, { bundle })
    const otherCode = await deployCommand({ ...definition, memory: '1024' }, { bundle: aBundle('// newer\n') })
    const otherToken = await deployCommand(
      { ...definition, memory: '1024' },
      { bundle: aBundle('// newer\n'), env: { ONEDATA_ACCESS_TOKEN: 'another' } },
    )

    expect(larger.out).toBe('yolo-video: stack updated, code unchanged, no secrets changed')
    expect(otherCode.out).toBe('yolo-video: stack unchanged, code updated, no secrets changed')
    expect(otherToken.out).toBe('yolo-video: stack unchanged, code unchanged, 2 secrets changed')
    expect([...account.secrets.values()].map(({ value }) => value)).toContain('another')
  })

  it('tells each event once, and none of before', async () => {
    await AwsAccount.start()
    const bundle = aBundle()
    const first = await deployCommand(definition, { bundle })

    const second = await deployCommand({ ...definition, memory: '1024' }, { bundle })

    const events = (text: string) => [...text.matchAll(/^ {2}(\w+)/gm)].map(([, status]) => status)
    expect(events(first.err)).toEqual(['CREATE_IN_PROGRESS', 'CREATE_COMPLETE'])
    expect(events(second.err)).toEqual(['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_COMPLETE'])
  })

  it('puts the code for the architecture that the function has', async () => {
    const { server } = await AwsAccount.start()

    await deployCommand({ ...definition, architecture: 'x86_64' }, { bundle: aBundle() })

    const put = server.calls.find(({ path }) => path.endsWith('/code'))
    expect(JSON.parse(put?.body ?? '')).toMatchObject({ Architectures: ['x86_64'] })
  })

  it('tells the whole as JSON where it is asked to', async () => {
    await AwsAccount.start()

    const { out } = await deployCommand({ ...definition, json: true }, { bundle: aBundle() })

    expect(JSON.parse(out)).toEqual({
      name: 'yolo-video',
      stack: 'created',
      code: 'updated',
      secrets: ['yolo-video/sources.scar-yolo-video.token', 'yolo-video/job.FUNCTION_CONFIG'],
    })
  })

  it('has one moving line on a terminal, and takes it away at the end', async () => {
    await AwsAccount.start()

    const { err } = await deployCommand(definition, { bundle: aBundle(), isTerminal: true })

    expect(err).toMatch(/… \d+ s, 1 resources done/)
    expect(err.endsWith('\r\u001b[2K')).toBe(true)
  })

  it('shows the value of a token to nobody but Secrets Manager', async () => {
    const { server } = await AwsAccount.start()

    const { out, err } = await deployCommand(definition, { bundle: aBundle(), isTerminal: true })

    const told = server.calls.filter(({ body, path }) => holds(`${path} ${body}`))
    expect(told.map(({ headers }) => headers['x-amz-target'])).toEqual([
      'secretsmanager.CreateSecret',
      'secretsmanager.CreateSecret',
    ])
    expect(holds(out + err)).toBe(false)
  })
})

/** As it stands, or in base64 at any offset: the function's configuration is written so. */
function holds(text: string): boolean {
  const decoded = [...text.matchAll(/[A-Za-z0-9+/]{24,}={0,2}/g)].map(([run]) => Buffer.from(run, 'base64').toString())
  return [text, decodeURIComponent(text.replaceAll(/%(?![0-9A-F]{2})/g, '%25')), ...decoded].some((each) =>
    each.includes(canary),
  )
}

describe('deploy aws refuses', () => {
  it.each([
    ['DescribeStacks', 'cloudformation:DescribeStacks'],
    ['CreateStack', 'cloudformation:CreateStack'],
  ])('to go on without a right, and names it: %s', async (operation, action) => {
    const message = `User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ${action} on resource: x`
    await AwsAccount.start({ answers: { [operation]: xmlError('AccessDenied', message, 403) } })

    const { failure } = await deployCommand(definition, { bundle: aBundle() })

    expect(failure).toMatch(`these credentials may not ${action} (`)
  })

  it('names the right that CloudFormation lacked, and how to begin anew', async () => {
    await AwsAccount.start({
      states: { CreateStack: ['CREATE_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS', 'ROLLBACK_COMPLETE'] },
      failures: {
        FunctionRole: 'User: arn:aws:iam::1:user/ann is not authorized to perform: iam:CreateRole on resource: role x',
        Table: 'Resource creation cancelled',
      },
    })

    const { failure } = await deployCommand(definition, { bundle: aBundle() })

    expect(failure).toBe(
      [
        'the stack yolo-video ended in ROLLBACK_COMPLETE',
        '  FunctionRole: these credentials may not iam:CreateRole; ask for that right',
        'It was never finished. Remove it by: onetrigger deploy aws --destroy --yes --name yolo-video; then deploy again',
      ].join('\n'),
    )
  })

  it('a stack that was never finished, and says how to remove it', async () => {
    const { account } = await AwsAccount.start({ states: { CreateStack: ['ROLLBACK_COMPLETE'] } })
    await deployCommand(definition, { bundle: aBundle() })
    const before = account.changes.length

    const { failure } = await deployCommand(definition, { bundle: aBundle() })

    expect(failure).toMatch(/stands in ROLLBACK_COMPLETE and cannot be changed\n.*--destroy --yes --name yolo-video/)
    expect(account.changes.length).toBe(before)
    expect((await deployCommand({ name: 'yolo-video', destroy: true, yes: true })).failure).toBeNull()
    expect(account.secrets.size).toBe(0)
  })

  it('a change that AWS has undone, says so, and can be tried again', async () => {
    const states = { CreateStack: ['CREATE_COMPLETE'], UpdateStack: ['UPDATE_ROLLBACK_COMPLETE'] }
    await AwsAccount.start({ states })
    const bundle = aBundle()
    await deployCommand(definition, { bundle })

    const first = await deployCommand({ ...definition, memory: '1024' }, { bundle })
    const second = await deployCommand({ ...definition, memory: '2048' }, { bundle })

    expect([first.failure, second.failure]).toEqual(
      Array(2).fill('the stack yolo-video ended in UPDATE_ROLLBACK_COMPLETE\nWhat ran before runs on unchanged.'),
    )
  })

  it('a stack whose change could not be undone, and says what to run', async () => {
    const { account } = await AwsAccount.start()
    const bundle = aBundle()
    await deployCommand(definition, { bundle })
    if (account.cloudFormation.state !== null) account.cloudFormation.state.status = 'UPDATE_ROLLBACK_FAILED'

    const { failure } = await deployCommand(definition, { bundle })

    expect(failure).toContain('aws cloudformation continue-update-rollback --stack-name yolo-video')
  })

  it('a stack that somebody is changing', async () => {
    const { account } = await AwsAccount.start()
    await deployCommand(definition, { bundle: aBundle() })
    if (account.cloudFormation.state !== null) account.cloudFormation.state.status = 'UPDATE_IN_PROGRESS'

    const { failure } = await deployCommand(definition, { bundle: aBundle() })

    expect(failure).toContain('is being changed by somebody else')
  })

  it('machines that the account may not start, before anything is made', async () => {
    const { account } = await AwsAccount.start({ quota: 0 })

    const { failure } = await deployCommand(definition, { bundle: aBundle() })

    expect(failure).toBe(
      [
        "this account may start none of the job's machines in this region:",
        '  g4dn.xlarge takes 4 vCPUs, and the quota "Running On-Demand G and VT instances" (L-DB2E81BA) is 0',
        'Ask for more in Service Quotas, then deploy again',
      ].join('\n'),
    )
    expect(account.changes).toEqual([])
  })

  it('machines that the account may not start, when a stack changes to them', async () => {
    const { account } = await AwsAccount.start({ quota: 4 })
    const bundle = aBundle()
    await deployCommand(definition, { bundle })
    await deployCommand({ ...definition, memory: '1024' }, { bundle })
    const asked = account.operations.filter((operation) => operation === 'GetServiceQuota').length
    const larger = changedDefinition('instance_types: [p2.xlarge]', 'instance_types: [g5.48xlarge]')

    const { failure } = await deployCommand({ ...definition, function: larger }, { bundle })

    expect(failure).toContain('g5.48xlarge takes 192 vCPUs')
    expect(asked).toBe(1)
  })

  it.each([
    ['that is not told', null, {}],
    ['that may not be asked for', 64, { GetServiceQuota: awsError('AccessDeniedException') }],
  ])('no machines for a quota %s, and says so', async (_what, quota, answers) => {
    await AwsAccount.start({ quota, answers })

    const { failure, err } = await deployCommand(definition, { bundle: aBundle() })

    expect(failure).toBeNull()
    expect(err).toContain('whether this account may start GPUs could not be looked up')
  })

  it.each([
    [
      'that AWS does not know',
      xmlError('InvalidClientTokenId', 'The security token included in the request is invalid', 403),
      'AWS does not know these credentials',
    ],
    [
      'that have expired',
      xmlError('ExpiredToken', 'The security token included in the request is expired', 403),
      'the credentials have expired',
    ],
    [
      'with a wrong key',
      xmlError('SignatureDoesNotMatch', 'The request signature we calculated: canary-signed', 403),
      'does not accept the secret key',
    ],
  ])('credentials %s', async (_what, answer, words) => {
    await AwsAccount.start({ answers: { DescribeStacks: answer } })

    const { failure } = await deployCommand(definition, { bundle: aBundle() })

    expect(failure).toContain(words)
    expect(failure).not.toContain('canary')
  })

  it('a stack, a table and a secret that somebody else made', async () => {
    const { account } = await AwsAccount.start()
    account.tables.set('yolo-video', { owner: null })
    const table = await deployCommand(definition, { bundle: aBundle() })
    account.tables.clear()
    account.secrets.set('yolo-video/job.FUNCTION_CONFIG', { owner: null, value: 'theirs' })
    const secret = await deployCommand(definition, { bundle: aBundle() })
    account.secrets.clear()
    account.cloudFormation.state = {
      name: 'x',
      template: 'Resources: {}',
      parameters: {},
      status: 'CREATE_COMPLETE',
      coming: [],
    }
    const stack = await deployCommand(definition, { bundle: aBundle() })
    const removed = await deployCommand({ name: 'yolo-video', destroy: true, yes: true })

    expect([table, secret, stack, removed].map(({ failure }) => failure)).toEqual([
      'there is a table yolo-video that this command did not make; choose another --name',
      'there is a secret yolo-video/job.FUNCTION_CONFIG that this command did not make; choose another --name, or remove it',
      'there is a stack yolo-video that this command did not make; choose another --name',
      'there is a stack yolo-video that this command did not make; choose another --name',
    ])
    expect(account.operations).not.toContain('DeleteStack')
  })

  it('to begin where a secret of this machine or the bundle is missing, or the script is too long', async () => {
    const { account } = await AwsAccount.start()

    const secret = await deployCommand(definition, { bundle: aBundle(), env: {} })
    const bundle = await deployCommand(definition, { bundle: join(aBundle(), 'absent') })
    const script = await deployCommand(
      { ...definition, function: changedDefinition('', '', 60_000) },
      { bundle: aBundle() },
    )

    expect(secret.failure).toContain('ONEDATA_ACCESS_TOKEN')
    expect(bundle.failure).toContain('npm run build:lambda')
    expect(script.failure).toContain('CloudFormation takes 51200; the user')
    expect(account.changes).toEqual([])
  })
})

/** The example with one text for another in its definition, and a script of so many bytes. */
function changedDefinition(before: string, after: string, scriptBytes = 10): string {
  const [folder, text] = [tempDir(), readFileSync(definition.function, 'utf8')]
  writeFileSync(join(folder, 'definition.yaml'), text.replace(before, after))
  writeFileSync(join(folder, 'yolov3.sh'), '#!/bin/sh\n'.padEnd(scriptBytes, '#'))
  return join(folder, 'definition.yaml')
}
