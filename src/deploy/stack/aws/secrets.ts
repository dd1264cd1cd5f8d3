import type { SecretsManagerClient, Tag } from '@aws-sdk/client-secrets-manager'
import { DeployError } from '../../../core/errors.ts'
import { lazily } from '../../../lib/lazily.ts'
import { ownerTag } from '../../template/template.ts'
import type { Secrets } from '../cloud.ts'
import { asking, type ClientConfig, type Part, unless } from './client.ts'

const absent = { name: 'ResourceNotFoundException' }

export function createSecretsManager(config: ClientConfig): Secrets & Part {
  const sdk = lazily(async () => {
    const commands = await import('@aws-sdk/client-secrets-manager')
    return { commands, client: new commands.SecretsManagerClient(config) }
  })
  return {
    putSecret: (stack, name, value) =>
      asking(`putting the secret ${name} into Secrets Manager`, async () => {
        const { client, commands } = await sdk.get()
        const arn = await ownSecret(client, commands, { stack, name })
        if (arn === null) {
          const Tags = [{ Key: ownerTag, Value: stack }]
          const asked = { Name: name, Description: 'Put here by onetrigger deploy aws', Tags }
          const made = await client.send(new commands.CreateSecretCommand({ ...asked, SecretString: value.reveal() }))
          return { arn: made.ARN ?? name, isNew: true }
        }
        const known = await client.send(new commands.GetSecretValueCommand({ SecretId: arn }))
        if (known.SecretString === value.reveal()) return { arn, isNew: false }
        await client.send(new commands.PutSecretValueCommand({ SecretId: arn, SecretString: value.reveal() }))
        return { arn, isNew: true }
      }),
    secrets: (stack) =>
      asking('looking for the secrets of the stack', async () => {
        const { client, commands } = await sdk.get()
        const arns: string[] = []
        let NextToken: string | undefined
        do {
          const page = await client.send(
            new commands.ListSecretsCommand({ Filters: [{ Key: 'name', Values: [`${stack}/`] }], NextToken }),
          )
          for (const { ARN, Tags = [] } of page.SecretList ?? []) {
            if (ARN !== undefined && isOwn(Tags, stack)) arns.push(ARN)
          }
          NextToken = page.NextToken
        } while (NextToken !== undefined)
        return arns
      }),
    deleteSecret: (arn) =>
      asking(`removing the secret ${arn}`, async () => {
        const { client, commands } = await sdk.get()
        const asked = new commands.DeleteSecretCommand({ SecretId: arn, ForceDeleteWithoutRecovery: true })
        await unless(absent, null, () => client.send(asked))
      }),
    close: () => void sdk.made?.then(({ client }) => client.destroy()),
  }
}

async function ownSecret(
  client: SecretsManagerClient,
  { DescribeSecretCommand }: typeof import('@aws-sdk/client-secrets-manager'),
  { stack, name }: { readonly stack: string; readonly name: string },
): Promise<string | null> {
  const found = await unless(absent, null, () => client.send(new DescribeSecretCommand({ SecretId: name })))
  if (found === null) return null
  if (isOwn(found.Tags ?? [], stack)) return found.ARN ?? name
  throw new DeployError(
    'DEPLOY_STUCK',
    `there is a secret ${name} that this command did not make; choose another --name, or remove it`,
  )
}

function isOwn(tags: readonly Tag[], stack: string): boolean {
  return tags.some(({ Key, Value }) => Key === ownerTag && Value === stack)
}
