import { lazily } from '../../../lib/lazily.ts'
import type { Functions } from '../cloud.ts'
import { asking, type ClientConfig, type Part, unless } from './client.ts'

export function createFunctions(config: ClientConfig): Functions & Part {
  const lambda = lazily(async () => {
    const commands = await import('@aws-sdk/client-lambda')
    return { commands, client: new commands.LambdaClient(config) }
  })
  return {
    code: (name) =>
      asking(`looking at the function ${name}`, async () => {
        const { client, commands } = await lambda.get()
        const asked = new commands.GetFunctionConfigurationCommand({ FunctionName: name })
        const found = await unless({ name: 'ResourceNotFoundException' }, null, () => client.send(asked))
        if (found === null) return null
        const { CodeSha256 = '', State, LastUpdateStatus } = found
        return { sha256: CodeSha256, isReady: State !== 'Pending' && LastUpdateStatus !== 'InProgress' }
      }),
    putCode: (name, { zip, architecture }) =>
      asking(`putting the code into the function ${name}`, async () => {
        const { client, commands } = await lambda.get()
        const asked = { FunctionName: name, ZipFile: zip, Architectures: [architecture] }
        await client.send(new commands.UpdateFunctionCodeCommand(asked))
      }),
    putObject: (bucket, key, content) =>
      asking(`putting the code into the bucket ${bucket}`, async () => {
        const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3')
        // What plays S3 on one machine has no names for buckets.
        const client = new S3Client({ ...config, followRegionRedirects: true, forcePathStyle: /[.]/.test(bucket) })
        try {
          await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }))
        } finally {
          client.destroy()
        }
      }),
    close: () => void lambda.made?.then(({ client }) => client.destroy()),
  }
}
