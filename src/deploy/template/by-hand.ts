import type { Plan } from '../plan.ts'
import { alarmResources, functionResources } from './function-resources.ts'
import { functionStatements } from './rights.ts'
import { tableResource } from './table.ts'
import {
  getAtt,
  type Parameter,
  type Resource,
  ref,
  role,
  type Statement,
  type Template,
  type Value,
} from './template.ts'

/** Everything is named as the stack is, which is known to CloudFormation only. */
const stackName = `\${AWS::StackName}`

const plan: Plan = {
  name: stackName,
  everyMinutes: 1,
  timeoutS: 300,
  memory: 512,
  architecture: 'arm64',
  logRetentionDays: 30,
  alarmTopic: null,
  makesTable: true,
  code: null,
  needs: [],
  secrets: [],
  jobSecrets: [],
  job: null,
}

/** The stack for those who work with CloudFormation or SAM themselves: what `deploy aws` takes from a configuration are its parameters. */
export function byHandTemplate(): Template {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'OneTrigger: starts your processing when a file has really arrived in an Onedata space',
    Parameters: parameters,
    Conditions: { MayRead: isGiven('ReadableArns'), MayCall: isGiven('CallableArns') },
    Resources: substituted({
      Table: tableResource(stackName),
      ...functionResources(plan),
      FunctionRole: role('lambda.amazonaws.com', [...functionStatements(plan), ...statements]),
      Function: functionOf(functionResources(plan).Function),
      ...alarmResources(plan),
    }),
    Outputs: {
      FunctionName: { Description: 'The function that the schedule runs', Value: ref('Function') },
      FunctionArn: { Description: 'Its ARN', Value: getAtt('Function', 'Arn') },
      TableName: { Description: 'The table with its state', Value: ref('Table') },
    },
  }
}

const parameters: Readonly<Record<string, Parameter>> = {
  CodeBucket: { Type: 'String', Description: 'Bucket with the archive of dist/lambda' },
  CodeKey: { Type: 'String', Description: 'Key of that archive' },
  Configuration: {
    Type: 'String',
    Description: 'onetrigger.yaml: a file of the archive, s3://bucket/key, or the ARN of a parameter of SSM',
    Default: '/var/task/onetrigger.yaml',
  },
  ReadableArns: {
    Type: 'CommaDelimitedList',
    Description:
      'Secrets, parameters and objects that the function may read: those that the configuration names, and the configuration itself',
    Default: '',
  },
  CallableArns: {
    Type: 'CommaDelimitedList',
    Description: 'What the targets call: functions, job queues with their definitions and jobs, event buses',
    Default: '',
  },
}

/** An action counts only for what is of its kind. */
const statements: readonly Statement[] = [
  {
    actions: ['secretsmanager:GetSecretValue', 'ssm:GetParameter', 's3:GetObject'],
    resources: ref('ReadableArns'),
    onlyIf: 'MayRead',
  },
  {
    actions: ['lambda:InvokeFunction', 'batch:SubmitJob', 'batch:TagResource', 'events:PutEvents'],
    resources: ref('CallableArns'),
    onlyIf: 'MayCall',
  },
  {
    actions: ['batch:ListJobs', 'batch:DescribeJobs'],
    resources: ['*'],
    why: 'AWS Batch knows no resources for these two actions',
    onlyIf: 'MayCall',
  },
]

function isGiven(list: string): Value {
  return { 'Fn::Not': [{ 'Fn::Equals': [{ 'Fn::Join': ['', ref(list)] }, ''] }] }
}

/** With the archive as `npm run build:lambda` makes it. */
function functionOf(made: Resource | undefined): Resource {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      ...made?.Properties,
      Handler: 'handler.handler',
      Code: { S3Bucket: ref('CodeBucket'), S3Key: ref('CodeKey') },
      Environment: { Variables: { ONETRIGGER_CONFIG: ref('Configuration'), ONETRIGGER_TABLE: ref('Table') } },
    },
  }
}

/** The same with `Fn::Sub` around each text that holds the stack's name. */
function substituted(resources: Readonly<Record<string, Resource>>): Readonly<Record<string, Resource>> {
  return Object.fromEntries(
    Object.entries(resources).map(([id, resource]) => {
      const { Properties } = resource
      const changed = Object.entries(Properties).map(([key, value]) => [key, substitutedIn(value)])
      return [id, { ...resource, Properties: Object.fromEntries(changed) }]
    }),
  )
}

function substitutedIn(value: Value): Value {
  if (typeof value === 'string') return value.includes(stackName) ? { 'Fn::Sub': value } : value
  if (typeof value !== 'object') return value
  if (isList(value)) return value.map(substitutedIn)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, substitutedIn(each)]))
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value)
}
