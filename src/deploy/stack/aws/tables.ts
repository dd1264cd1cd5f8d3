import { lazily } from '../../../lib/lazily.ts'
import { ownerTag } from '../../template/template.ts'
import type { Tables } from '../cloud.ts'
import { asking, type ClientConfig, type Part, unless } from './client.ts'

const absent = { name: 'ResourceNotFoundException' }

export function createTables(config: ClientConfig): Tables & Part {
  const sdk = lazily(async () => {
    const commands = await import('@aws-sdk/client-dynamodb')
    return { commands, client: new commands.DynamoDBClient(config) }
  })
  return {
    table: (name) =>
      asking(`looking at the table ${name}`, async () => {
        const { client, commands } = await sdk.get()
        const asked = new commands.DescribeTableCommand({ TableName: name })
        const arn = (await unless(absent, null, () => client.send(asked)))?.Table?.TableArn
        if (arn === undefined) return 'none'
        const { Tags = [] } = await client.send(new commands.ListTagsOfResourceCommand({ ResourceArn: arn }))
        return Tags.some(({ Key, Value }) => Key === ownerTag && Value === name) ? 'ours' : 'foreign'
      }),
    deleteTable: (name) =>
      asking(`removing the table ${name}`, async () => {
        const { client, commands } = await sdk.get()
        await unless(absent, null, () => client.send(new commands.DeleteTableCommand({ TableName: name })))
      }),
    close: () => void sdk.made?.then(({ client }) => client.destroy()),
  }
}
