import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { readFiles } from '../architecture/repository.ts'
import { textOf } from './rules.ts'

const policy = z.object({ Statement: z.array(z.object({ Action: z.array(z.string()) })) })
const granted = new Set(
  policy.parse(JSON.parse(textOf('deploy/aws/deployer-policy.json'))).Statement.flatMap(({ Action }) => Action),
)

/** Service of the actions of each file that talks to AWS. */
const services: Readonly<Record<string, readonly string[]>> = {
  'src/deploy/stack/aws/stacks.ts': ['cloudformation'],
  'src/deploy/stack/aws/secrets.ts': ['secretsmanager'],
  'src/deploy/stack/aws/tables.ts': ['dynamodb'],
  'src/deploy/stack/aws/functions.ts': ['lambda', 's3'],
  'src/deploy/stack/aws/quotas.ts': ['servicequotas'],
}

it('the policy for people who deploy has every call that the command makes', () => {
  const sources = [...readFiles(['src/deploy/stack'], ['.ts'])].filter(([, text]) => text.includes("import('@aws-sdk/"))

  const calls = sources.flatMap(([path, text]) =>
    [...text.matchAll(/\b([A-Z]\w+)Command\b(?!Input|Output)/g)].map(([, name]) => ({ path, name })),
  )

  expect(sources.map(([path]) => path).toSorted()).toEqual(Object.keys(services).toSorted())
  expect(calls.length).toBeGreaterThan(15)
  expect(
    calls.filter(({ path, name }) => !services[path]?.some((service) => granted.has(`${service}:${name}`))),
  ).toEqual([])
})

/** What makes and what removes each kind of resource. */
const makers: Readonly<Record<string, readonly string[]>> = {
  'AWS::Batch::ComputeEnvironment': ['batch:CreateComputeEnvironment', 'batch:DeleteComputeEnvironment'],
  'AWS::Batch::JobDefinition': ['batch:RegisterJobDefinition', 'batch:DeregisterJobDefinition'],
  'AWS::Batch::JobQueue': ['batch:CreateJobQueue', 'batch:DeleteJobQueue'],
  'AWS::CloudWatch::Alarm': ['cloudwatch:PutMetricAlarm', 'cloudwatch:DeleteAlarms'],
  'AWS::DynamoDB::Table': ['dynamodb:CreateTable', 'dynamodb:UpdateTimeToLive', 'dynamodb:UpdateContinuousBackups'],
  'AWS::EC2::InternetGateway': ['ec2:CreateInternetGateway', 'ec2:DeleteInternetGateway'],
  'AWS::EC2::LaunchTemplate': ['ec2:CreateLaunchTemplate', 'ec2:DeleteLaunchTemplate'],
  'AWS::EC2::Route': ['ec2:CreateRoute', 'ec2:DeleteRoute'],
  'AWS::EC2::RouteTable': ['ec2:CreateRouteTable', 'ec2:DeleteRouteTable'],
  'AWS::EC2::SecurityGroup': ['ec2:CreateSecurityGroup', 'ec2:DeleteSecurityGroup'],
  'AWS::EC2::Subnet': ['ec2:CreateSubnet', 'ec2:DeleteSubnet'],
  'AWS::EC2::SubnetRouteTableAssociation': ['ec2:AssociateRouteTable', 'ec2:DisassociateRouteTable'],
  'AWS::EC2::VPC': ['ec2:CreateVpc', 'ec2:DeleteVpc'],
  'AWS::EC2::VPCGatewayAttachment': ['ec2:AttachInternetGateway', 'ec2:DetachInternetGateway'],
  'AWS::Events::Rule': ['events:PutRule', 'events:PutTargets', 'events:DeleteRule'],
  'AWS::IAM::InstanceProfile': ['iam:CreateInstanceProfile', 'iam:DeleteInstanceProfile'],
  'AWS::IAM::Role': ['iam:CreateRole', 'iam:PutRolePolicy', 'iam:AttachRolePolicy', 'iam:PassRole', 'iam:DeleteRole'],
  'AWS::Lambda::EventInvokeConfig': ['lambda:PutFunctionEventInvokeConfig', 'lambda:DeleteFunctionEventInvokeConfig'],
  'AWS::Lambda::Function': ['lambda:CreateFunction', 'lambda:DeleteFunction'],
  'AWS::Lambda::Permission': ['lambda:AddPermission', 'lambda:RemovePermission'],
  'AWS::Logs::LogGroup': ['logs:CreateLogGroup', 'logs:PutRetentionPolicy', 'logs:DeleteLogGroup'],
  'AWS::Logs::MetricFilter': ['logs:PutMetricFilter', 'logs:DeleteMetricFilter'],
}

const template = z.object({ Resources: z.record(z.string(), z.object({ Type: z.string() })) })

it('... and what makes and removes every kind of resource of a template', () => {
  const types = [...readFiles(['test/deploy/golden'], ['.yaml']).values()].flatMap((text) =>
    Object.values(template.parse(parse(text)).Resources).map(({ Type }) => Type),
  )

  expect([...new Set(types)].toSorted()).toEqual(Object.keys(makers).toSorted())
  expect(
    Object.values(makers)
      .flat()
      .filter((action) => !granted.has(action)),
  ).toEqual([])
})
