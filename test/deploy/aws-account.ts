import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type AwsAnswer, type AwsCall, AwsServer, awsError } from '../support/aws-server.ts'
import { AwsStack, type StackOptions } from './aws-stack.ts'

export interface AccountOptions extends StackOptions {
  /** vCPUs of GPUs that may run; null = it is not told. */
  readonly quota?: number | null
  /** Answers in the place of the account's own, by the name of the operation. */
  readonly answers?: Readonly<Record<string, AwsAnswer>>
}

interface Owned {
  readonly owner: string | null
}

/** What the operations are asked with. */
const request = z.object({
  Name: z.string().optional(),
  SecretId: z.string().optional(),
  SecretString: z.string().optional(),
  TableName: z.string().optional(),
  ResourceArn: z.string().optional(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).optional(),
  ZipFile: z.string().optional(),
})
type AwsRequest = z.output<typeof request>

/** An account of AWS over HTTP, as its services answer: one stack, secrets, tables, the stack's function, a quota. */
export class AwsAccount {
  /** Names of operations, in order. */
  readonly operations: string[] = []
  readonly secrets = new Map<string, Owned & { value: string }>()
  readonly tables = new Map<string, Owned>()
  readonly cloudFormation: AwsStack
  codeSha256 = 'that of the placeholder'
  readonly #options: AccountOptions

  private constructor(options: AccountOptions) {
    this.#options = options
    this.cloudFormation = new AwsStack(options)
  }

  static async start(
    options: AccountOptions = {},
  ): Promise<{ readonly account: AwsAccount; readonly server: AwsServer }> {
    const account = new AwsAccount(options)
    return { account, server: await AwsServer.start((call) => account.#answer(call)) }
  }

  /** Operations that change something. */
  get changes(): readonly string[] {
    return this.operations.filter((operation) => !/^(Describe|Get|List)/.test(operation))
  }

  #answer(call: AwsCall): AwsAnswer {
    const operation = operationOf(call)
    this.operations.push(operation)
    const given = this.#options.answers?.[operation]
    if (given !== undefined) return given
    if (operation.includes('Stack') || operation === 'GetTemplate') return this.cloudFormation.answer(call)
    const asked = request.parse(call.body.startsWith('{') ? JSON.parse(call.body) : {})
    return this.#operations[operation]?.(asked) ?? awsError('UnknownOperationException')
  }

  readonly #operations: Readonly<Record<string, (asked: AwsRequest) => AwsAnswer>> = {
    CreateSecret: ({ Name = '', SecretString = '', Tags }) => {
      this.secrets.set(Name, { value: SecretString, owner: Tags?.[0]?.Value ?? null })
      return { body: { ARN: arnOf(Name), Name } }
    },
    DescribeSecret: ({ SecretId = '' }) => {
      const known = this.secrets.get(SecretId)
      return known === undefined
        ? awsError('ResourceNotFoundException')
        : { body: { ARN: arnOf(SecretId), Tags: tags(known) } }
    },
    GetSecretValue: ({ SecretId = '' }) => ({ body: { SecretString: this.secrets.get(nameOf(SecretId))?.value } }),
    PutSecretValue: ({ SecretId = '', SecretString = '' }) => {
      const known = this.secrets.get(nameOf(SecretId))
      if (known !== undefined) known.value = SecretString
      return { body: {} }
    },
    ListSecrets: () => ({
      body: { SecretList: [...this.secrets].map(([name, secret]) => ({ ARN: arnOf(name), Tags: tags(secret) })) },
    }),
    DeleteSecret: ({ SecretId = '' }) =>
      this.secrets.delete(nameOf(SecretId)) ? { body: {} } : awsError('ResourceNotFoundException'),
    DescribeTable: ({ TableName = '' }) =>
      this.tables.has(TableName) ? { body: { Table: { TableArn: TableName } } } : awsError('ResourceNotFoundException'),
    ListTagsOfResource: ({ ResourceArn = '' }) => ({ body: { Tags: tags(this.tables.get(ResourceArn)) } }),
    DeleteTable: ({ TableName = '' }) => {
      this.tables.delete(TableName)
      return { body: {} }
    },
    GetFunctionConfiguration: () => ({ body: { CodeSha256: this.codeSha256, State: 'Active' } }),
    UpdateFunctionCode: ({ ZipFile = '' }) => {
      this.codeSha256 = createHash('sha256').update(Buffer.from(ZipFile, 'base64')).digest('base64')
      return { body: {} }
    },
    GetServiceQuota: () => {
      const { quota = 64 } = this.#options
      return quota === null ? awsError('NoSuchResourceException') : { body: { Quota: { Value: quota } } }
    },
  }
}

/** `CreateSecret`, however the protocol of the service says it. */
function operationOf({ method, path, headers, body }: AwsCall): string {
  const target = headers['x-amz-target']
  if (typeof target === 'string') return target.replace(/^.*\./, '')
  if (path.endsWith('/configuration')) return 'GetFunctionConfiguration'
  if (path.endsWith('/code')) return 'UpdateFunctionCode'
  return new URLSearchParams(body).get('Action') ?? `${method} ${path}`
}

const arnBegin = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:'

function arnOf(name: string): string {
  return `${arnBegin}${name}-AbCdEf`
}

function nameOf(arn: string): string {
  return arn.slice(arnBegin.length, -'-AbCdEf'.length)
}

function tags(owned: Owned | undefined): readonly object[] {
  return owned?.owner ? [{ Key: 'onetrigger:stack', Value: owned.owner }] : []
}
