import type { StackEvent as AwsEvent, CloudFormationClient } from '@aws-sdk/client-cloudformation'
import { lazily } from '../../../lib/lazily.ts'
import type { Stack, StackEvent, StackRequest, Stacks } from '../cloud.ts'
import { asking, type ClientConfig, type Part, unless } from './client.ts'

/** What CloudFormation says of a stack that is not there. */
const absent = { name: 'ValidationError', message: /does not exist/ }

export function createStacks(config: ClientConfig): Stacks & Part {
  const sdk = lazily(async () => {
    const commands = await import('@aws-sdk/client-cloudformation')
    return { commands, client: new commands.CloudFormationClient(config) }
  })
  const newestFirst = async function* (stack: string): AsyncGenerator<AwsEvent> {
    const { client, commands } = await sdk.get()
    let NextToken: string | undefined
    do {
      const page = await client.send(new commands.DescribeStackEventsCommand({ StackName: stack, NextToken }))
      yield* page.StackEvents ?? []
      NextToken = page.NextToken
    } while (NextToken !== undefined)
  }
  return {
    stack: (nameOrId) =>
      asking(`looking at the stack ${nameOrId}`, async () => {
        const { client, commands } = await sdk.get()
        const asked = new commands.DescribeStacksCommand({ StackName: nameOrId })
        const answer = await unless(absent, null, () => client.send(asked))
        const [found] = answer?.Stacks ?? []
        if (found === undefined) return null
        const given = (found.Parameters ?? []).map(({ ParameterKey = '', ParameterValue = '' }) => [
          ParameterKey,
          ParameterValue,
        ])
        return {
          id: found.StackId ?? nameOrId,
          status: found.StackStatus ?? '',
          parameters: Object.fromEntries(given),
          template: await templateOf(client, commands, found.StackId ?? nameOrId),
        }
      }),
    createStack: (request) =>
      asking(`making the stack ${request.name}`, async () => {
        const { client, commands } = await sdk.get()
        await client.send(new commands.CreateStackCommand(input(request)))
      }),
    updateStack: (request) =>
      asking(`changing the stack ${request.name}`, async () => {
        const { client, commands } = await sdk.get()
        const nothing = { name: 'ValidationError', message: /No updates are to be performed/ }
        const asked = new commands.UpdateStackCommand(input(request))
        return (await unless(nothing, null, () => client.send(asked))) !== null
      }),
    deleteStack: (name) =>
      asking(`removing the stack ${name}`, async () => {
        const { client, commands } = await sdk.get()
        await client.send(new commands.DeleteStackCommand({ StackName: name }))
      }),
    events: (nameOrId, after) =>
      asking(`reading the events of the stack ${nameOrId}`, async () => {
        const found: StackEvent[] = []
        for await (const event of newestFirst(nameOrId)) {
          if (event.EventId === after) break
          found.unshift(eventOf(event))
        }
        return found
      }),
    latestEvent: (nameOrId) =>
      asking(`reading the events of the stack ${nameOrId}`, async () => {
        for await (const { EventId = null } of newestFirst(nameOrId)) return EventId
        return null
      }),
    close: () => void sdk.made?.then(({ client }) => client.destroy()),
  }
}

async function templateOf(
  client: CloudFormationClient,
  { GetTemplateCommand }: typeof import('@aws-sdk/client-cloudformation'),
  id: string,
): Promise<Stack['template']> {
  // A stack that was only begun has none, and one that is gone may have none any more.
  const asked = new GetTemplateCommand({ StackName: id, TemplateStage: 'Original' })
  const answer = await unless({ name: 'ValidationError' }, null, () => client.send(asked))
  return answer?.TemplateBody ?? null
}

function input({ name, template, parameters }: StackRequest) {
  return {
    StackName: name,
    TemplateBody: template,
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
    // Roles are made, none with a name of our choice.
    Capabilities: ['CAPABILITY_IAM' as const],
  }
}

function eventOf({ EventId, LogicalResourceId, ResourceStatus, ResourceStatusReason }: AwsEvent): StackEvent {
  return {
    id: EventId ?? '',
    resource: LogicalResourceId ?? '',
    status: ResourceStatus ?? '',
    reason: ResourceStatusReason ?? null,
  }
}
