import type { Plan } from '../plan.ts'
import { jobResources } from './batch-resources.ts'
import { alarmResources, functionResources } from './function-resources.ts'
import { tableResource } from './table.ts'
import { getAtt, madeHere, type Parameter, ref, type Template } from './template.ts'

/** The one stack of a deployment. Holds names of secrets' parameters, never a secret. */
export function createTemplate(plan: Plan): Template {
  const { name, job, makesTable } = plan
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'OneTrigger: starts your processing when a file has really arrived in an Onedata space',
    Metadata: { [madeHere]: { MadeBy: 'onetrigger deploy aws' } },
    Parameters: Object.fromEntries(
      [...plan.secrets, ...plan.jobSecrets].map(({ parameter, name: secret }) => [parameter, arnParameter(secret)]),
    ),
    Resources: {
      ...(makesTable ? { Table: tableResource(name) } : {}),
      ...functionResources(plan),
      ...alarmResources(plan),
      ...(job === null ? {} : jobResources(job)),
    },
    Outputs: {
      FunctionName: { Description: 'The function that the schedule runs', Value: ref('Function') },
      FunctionArn: { Description: 'Its ARN', Value: getAtt('Function', 'Arn') },
      TableName: { Description: 'The table with its state', Value: makesTable ? ref('Table') : name },
      ...(job === null ? {} : { JobQueueName: { Description: 'The queue of its jobs', Value: job.name } }),
    },
  }
}

function arnParameter(secret: string): Parameter {
  return {
    Type: 'String',
    Description: `ARN of the secret ${secret} in Secrets Manager`,
    AllowedPattern: 'arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+',
  }
}
