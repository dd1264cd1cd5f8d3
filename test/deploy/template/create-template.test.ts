import { describe, expect, it } from 'vitest'
import type { DeployedSecret, Plan } from '../../../src/deploy/plan.ts'
import { createTemplate } from '../../../src/deploy/template/create-template.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { aJob, aPlan } from '../plans.ts'

const secret: DeployedSecret = {
  name: 'onetrigger/token',
  parameter: 'Token',
  read: () => new Secret('canary'),
}

function propertiesOf(plan: Plan, resource: string) {
  return createTemplate(plan).Resources[resource]?.Properties
}

describe('a template', () => {
  it('takes secrets by the ARN, and never reads them', () => {
    const unread = { ...secret, read: () => expect.unreachable('a template needs no secret') }
    const template = createTemplate(aPlan({ secrets: [unread] }))

    expect(template.Parameters.Token).toMatchObject({ Type: 'String' })
    expect(JSON.stringify(template)).not.toContain('canary')
  })

  it('uses a table that an earlier stack left, and does not make it again', () => {
    const template = createTemplate(aPlan({ makesTable: false }))

    expect(template.Resources.Table).toBeUndefined()
    expect(propertiesOf(aPlan({ makesTable: false }), 'Function')?.Environment).toEqual({
      Variables: { ONETRIGGER_CONFIG: '/var/task/onetrigger.yaml', ONETRIGGER_TABLE: 'onetrigger' },
    })
    expect(JSON.stringify(template.Resources.FunctionRole)).toContain('table/onetrigger')
  })

  it('keeps the table when the stack goes', () => {
    expect(createTemplate(aPlan()).Resources.Table).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    })
  })

  it('takes the code from a bucket where it lies there', () => {
    expect(propertiesOf(aPlan({ code: { bucket: 'b', key: 'k' } }), 'Function')?.Code).toEqual({
      S3Bucket: 'b',
      S3Key: 'k',
    })
  })

  it('says a minute, and minutes', () => {
    expect(propertiesOf(aPlan({ everyMinutes: 1 }), 'Schedule')?.ScheduleExpression).toBe('rate(1 minute)')
    expect(propertiesOf(aPlan({ everyMinutes: 5 }), 'Schedule')?.ScheduleExpression).toBe('rate(5 minutes)')
  })

  it('looks for failed runs in periods that no run falls between', () => {
    expect(propertiesOf(aPlan({ everyMinutes: 1 }), 'ErrorAlarm')).toMatchObject({ Period: 300, EvaluationPeriods: 3 })
    expect(propertiesOf(aPlan({ everyMinutes: 15 }), 'ErrorAlarm')).toMatchObject({
      Period: 1_800,
      EvaluationPeriods: 3,
    })
    expect(propertiesOf(aPlan({ everyMinutes: 15 }), 'DeadLetterAlarm')).toMatchObject({ Period: 300 })
  })

  it('tells a topic of alarms where there is one', () => {
    expect(propertiesOf(aPlan({ alarmTopic: 'arn:x' }), 'DeadLetterAlarm')?.AlarmActions).toEqual(['arn:x'])
    expect(propertiesOf(aPlan(), 'DeadLetterAlarm')).not.toHaveProperty('AlarmActions')
  })
})

describe('the Batch side', () => {
  it('has a GPU only where the job asks for one', () => {
    const requirements = (gpus: number) =>
      JSON.stringify(propertiesOf(aPlan({ job: aJob({ gpus }) }), 'JobDefinition')?.ContainerProperties)

    expect(requirements(1)).toContain('{"Type":"GPU","Value":"1"}')
    expect(requirements(0)).not.toContain('GPU')
  })

  it('makes no network, and opens none, where there is one', () => {
    const own = createTemplate(aPlan({ job: aJob() })).Resources
    const given = createTemplate(aPlan({ job: aJob({ network: { subnets: ['s'], securityGroups: ['g'] } }) })).Resources

    expect(own.HostSecurityGroup?.Properties).not.toHaveProperty('SecurityGroupIngress')
    expect(Object.values(given).some(({ Type }) => Type.startsWith('AWS::EC2::'))).toBe(false)
    expect(given.ComputeEnvironment?.Properties.ComputeResources).toMatchObject({
      Subnets: ['s'],
      SecurityGroupIds: ['g'],
    })
  })

  it('keeps jobs away from the credentials of their host', () => {
    const job = aJob({ host: { script: '#!/bin/sh\n', folder: '/opt/x' } })

    expect(propertiesOf(aPlan({ job }), 'HostTemplate')?.LaunchTemplateData).toMatchObject({
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    })
  })

  it('takes another wrapper than the supervisor: a command, and a host that needs nothing', () => {
    const template = createTemplate(aPlan({ job: aJob({ command: ['/stage', 'run'], host: null }) }))

    expect(template.Resources.HostTemplate).toBeUndefined()
    expect(template.Resources.JobDefinition?.Properties.ContainerProperties).toMatchObject({
      Command: ['/stage', 'run'],
    })
    expect(JSON.stringify(template.Resources.JobDefinition)).not.toContain('MountPoints')
  })

  it('lets a job reach the places of S3 that it reads and writes, and no others', () => {
    const template = createTemplate(aPlan({ job: aJob({ reads: ['in/a'], writes: ['out'] }) }))

    const policies = JSON.stringify(template.Resources.JobRole?.Properties.Policies)
    expect(policies).toContain(
      `"Action":["s3:GetObject"],"Resource":[{"Fn::Sub":"arn:\${AWS::Partition}:s3:::in/a/*"}]`,
    )
    expect(policies).toContain(`"Action":["s3:PutObject"],"Resource":[{"Fn::Sub":"arn:\${AWS::Partition}:s3:::out/*"}]`)
    expect(createTemplate(aPlan({ job: aJob() })).Resources.JobRole).toBeUndefined()
  })

  it('gives secrets to the agent that starts a job, not to the job', () => {
    const job = aJob({ secretEnvironment: { FUNCTION_CONFIG: 'Token' } })
    const template = createTemplate(aPlan({ job, jobSecrets: [secret] }))

    expect(template.Resources.JobDefinition?.Properties.ContainerProperties).toMatchObject({
      Secrets: [{ Name: 'FUNCTION_CONFIG', ValueFrom: { Ref: 'Token' } }],
    })
    expect(JSON.stringify(template.Resources.FunctionRole)).not.toContain('"Ref":"Token"')
  })
})
