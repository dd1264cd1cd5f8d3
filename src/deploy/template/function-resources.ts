import type { Plan } from '../plan.ts'
import { functionStatements } from './rights.ts'
import { getAtt, type Resource, ref, role, type Value } from './template.ts'

/** Stands in the stack until the code comes; a run that falls between the two does nothing, and harms nothing. */
const placeholder = 'exports.handler = async () => ({ note: "the code of OneTrigger has not come yet" })'

/** A run that fails is repeated by the next one; so many periods in a row with one that failed are an alarm. */
const alarmPeriods = 3
const shortestPeriodS = 300

/** The function with its schedule, role and log. */
export function functionResources(plan: Plan): Readonly<Record<string, Resource>> {
  const { name, everyMinutes } = plan
  return {
    FunctionLog: {
      Type: 'AWS::Logs::LogGroup',
      Properties: { LogGroupName: `/aws/lambda/${name}`, RetentionInDays: plan.logRetentionDays },
    },
    FunctionRole: role('lambda.amazonaws.com', functionStatements(plan)),
    Function: functionOf(plan),
    // The next run takes up what this one left: AWS' own repetitions would only run beside it.
    FunctionRetries: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: ref('Function'),
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: Math.min(21_600, Math.max(60, everyMinutes * 60)),
      },
    },
    Schedule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Description: 'Looks for complete files',
        ScheduleExpression: `rate(${everyMinutes} ${everyMinutes === 1 ? 'minute' : 'minutes'})`,
        State: 'ENABLED',
        Targets: [{ Id: 'onetrigger', Arn: getAtt('Function', 'Arn') }],
      },
    },
    ScheduleRight: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: ref('Function'),
        Principal: 'events.amazonaws.com',
        SourceArn: getAtt('Schedule', 'Arn'),
      },
    },
  }
}

function functionOf({ name, architecture, memory, timeoutS, code, makesTable }: Plan): Resource {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: name,
      Description: 'OneTrigger: starts processing when files of an Onedata space are complete',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Architectures: [architecture],
      MemorySize: memory,
      Timeout: timeoutS,
      // No reserved concurrency: the lease in the table lets one run at a time do anything, and reserving takes from the account's pool of 10 that
      // new accounts have (AWS refuses it there).
      Role: getAtt('FunctionRole', 'Arn'),
      Code: code === null ? { ZipFile: placeholder } : { S3Bucket: code.bucket, S3Key: code.key },
      LoggingConfig: { LogGroup: ref('FunctionLog') },
      Environment: {
        Variables: {
          ONETRIGGER_CONFIG: '/var/task/onetrigger.yaml',
          ONETRIGGER_TABLE: makesTable ? ref('Table') : name,
        },
      },
    },
  }
}

/** What tells a person that something needs looking after. */
export function alarmResources({ name, alarmTopic, everyMinutes }: Plan): Readonly<Record<string, Resource>> {
  const actions = alarmTopic === null ? {} : { AlarmActions: [alarmTopic], OKActions: [alarmTopic] }
  // A period without a run would count as a good one, and runs come now a little earlier, now later.
  const runPeriodS = Math.max(shortestPeriodS, 2 * everyMinutes * 60)
  return {
    DeadLetters: {
      Type: 'AWS::Logs::MetricFilter',
      Properties: {
        LogGroupName: ref('FunctionLog'),
        // Each run ends with one line that holds the number of dead letters.
        FilterPattern: '{ $.dead >= 0 }',
        MetricTransformations: [
          { MetricNamespace: 'OneTrigger', MetricName: `${name}-dead-letters`, MetricValue: '$.dead' },
        ],
      },
    },
    DeadLetterAlarm: alarm({
      description: 'Deliveries were given up: see onetrigger deliveries list --state dead',
      metric: { Namespace: 'OneTrigger', MetricName: `${name}-dead-letters`, Statistic: 'Maximum' },
      periodS: shortestPeriodS,
      periods: 1,
      actions,
    }),
    ErrorAlarm: alarm({
      description: 'Runs of the function fail again and again: see its log',
      metric: {
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Statistic: 'Sum',
        Dimensions: [{ Name: 'FunctionName', Value: ref('Function') }],
      },
      periodS: runPeriodS,
      periods: alarmPeriods,
      actions,
    }),
  }
}

interface AlarmOptions {
  readonly description: string
  readonly metric: { readonly [key: string]: Value }
  readonly periodS: number
  readonly periods: number
  readonly actions: { readonly [key: string]: Value }
}

function alarm({ description, metric, periodS, periods, actions }: AlarmOptions): Resource {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmDescription: description,
      ...metric,
      Period: periodS,
      EvaluationPeriods: periods,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
      ...actions,
    },
  }
}
