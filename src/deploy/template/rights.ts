import type { Need, Plan } from '../plan.ts'
import { getAtt, ref, type Statement, sub, type Value } from './template.ts'

/** What a command of the AWS SDK that our code makes must be allowed to do. */
export type Right =
  | { readonly granted: readonly string[] }
  /** Only a stack that somebody writes by hand lets the function do it (`deploy/aws/template.yaml`). */
  | { readonly byHand: readonly string[] }
  /** Only `onetrigger check` and operators' commands use it, never the function. */
  | { readonly operatorOnly: true }
  /** Goes to a server of somebody else (MinIO), with keys of its own. */
  | { readonly elsewhere: true }

/** Every command that the function, its store and its targets make: a test compares this with the source. */
export const commandRights: Readonly<Record<string, Right>> = {
  // store
  GetItemCommand: { granted: ['dynamodb:GetItem'] },
  BatchGetItemCommand: { granted: ['dynamodb:BatchGetItem'] },
  QueryCommand: { granted: ['dynamodb:Query'] },
  UpdateItemCommand: { granted: ['dynamodb:UpdateItem'] },
  // DynamoDB asks for the rights of the single operations of a transaction.
  TransactWriteItemsCommand: { granted: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'] },
  // secrets
  GetSecretValueCommand: { granted: ['secretsmanager:GetSecretValue'] },
  GetParameterCommand: { granted: ['ssm:GetParameter'] },
  // a configuration in a bucket
  GetObjectCommand: { byHand: ['s3:GetObject'] },
  // targets
  InvokeCommand: { granted: ['lambda:InvokeFunction'] },
  SubmitJobCommand: { granted: ['batch:SubmitJob', 'batch:TagResource'] },
  ListJobsCommand: { granted: ['batch:ListJobs'] },
  DescribeJobsCommand: { granted: ['batch:DescribeJobs'] },
  DescribeJobQueuesCommand: { operatorOnly: true },
  DescribeJobDefinitionsCommand: { operatorOnly: true },
  PutEventsCommand: { granted: ['events:PutEvents'] },
  DescribeEventBusCommand: { operatorOnly: true },
  PutObjectCommand: { elsewhere: true },
  HeadObjectCommand: { elsewhere: true },
  DeleteObjectCommand: { elsewhere: true },
  CreateMultipartUploadCommand: { elsewhere: true },
  UploadPartCommand: { elsewhere: true },
  ListPartsCommand: { elsewhere: true },
  CompleteMultipartUploadCommand: { elsewhere: true },
  AbortMultipartUploadCommand: { elsewhere: true },
}

/** What the store does with its table. */
export const tableActions: readonly string[] = actionsOf((action) => action.startsWith('dynamodb:'))

/** What the function may do: its log, its table, its secrets, and what its targets call. */
export function functionStatements(plan: Plan): readonly Statement[] {
  const secrets = plan.secrets.map(({ parameter }) => ref(parameter))
  return [
    {
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [getAtt('FunctionLog', 'Arn')],
    },
    { actions: tableActions, resources: [tableArn(plan)] },
    ...(secrets.length === 0 ? [] : [{ actions: ['secretsmanager:GetSecretValue'], resources: secrets }]),
    ...distinct(plan.needs.flatMap((need) => statementsOf(need))),
  ]
}

function tableArn({ name, makesTable }: Plan): Value {
  return makesTable
    ? getAtt('Table', 'Arn')
    : sub(`arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${name}`)
}

function statementsOf(need: Need): readonly Statement[] {
  switch (need.kind) {
    case 'lambda': {
      const { region, function: name } = need
      const path = `function:${name}`
      const resources = isQualified(name)
        ? [arnOf('lambda', region, path, name)]
        : withVersions('lambda', region, path, name)
      return [{ actions: ['lambda:InvokeFunction'], resources }]
    }
    case 'batch': {
      const { region, queue, definition, isTagged } = need
      const path = `job-definition/${definition}`
      const definitions = isRevision(definition)
        ? [arnOf('batch', region, path, definition)]
        : withVersions('batch', region, path, definition)
      return [
        {
          actions: ['batch:SubmitJob'],
          resources: [arnOf('batch', region, `job-queue/${queue}`, queue), ...definitions],
        },
        {
          actions: ['batch:ListJobs', 'batch:DescribeJobs'],
          resources: ['*'],
          why: 'AWS Batch knows no resources for these two actions',
        },
        ...(isTagged ? [{ actions: ['batch:TagResource'], resources: [arnOf('batch', region, 'job/*', '')] }] : []),
      ]
    }
    case 'eventbridge':
      return [
        { actions: ['events:PutEvents'], resources: [arnOf('events', need.region, `event-bus/${need.bus}`, need.bus)] },
      ]
    case 'secret': {
      const action = need.arn.split(':')[2] === 'ssm' ? 'ssm:GetParameter' : 'secretsmanager:GetSecretValue'
      return [{ actions: [action], resources: [need.arn] }]
    }
  }
}

/** Where the stack is. */
const ownRegion = `\${AWS::Region}`

/** The ARN of what is named, unless the name is an ARN already; `behind` is what follows it. */
function arnOf(service: string, region: string | null, path: string, name: string, behind = ''): Value {
  if (name.startsWith('arn:')) return `${name}${behind}`
  return sub(`arn:\${AWS::Partition}:${service}:${region ?? ownRegion}:\${AWS::AccountId}:${path}${behind}`)
}

/** What is named, and any version, alias or revision of it. */
function withVersions(service: string, region: string | null, path: string, name: string): readonly Value[] {
  return [arnOf(service, region, path, name), arnOf(service, region, path, name, ':*')]
}

function isQualified(name: string): boolean {
  return name.startsWith('arn:') ? name.split(':').length > 7 : name.includes(':')
}

function isRevision(definition: string): boolean {
  return /:\d+$/.test(definition)
}

function actionsOf(isWanted: (action: string) => boolean): readonly string[] {
  const all = Object.values(commandRights).flatMap((right) => ('granted' in right ? right.granted : []))
  return [...new Set(all.filter(isWanted))].toSorted()
}

function distinct(statements: readonly Statement[]): readonly Statement[] {
  return [...new Map(statements.map((each) => [JSON.stringify(each), each])).values()]
}
