import { z } from 'zod'
import { formatNames } from '../../formats/registry.ts'
import { secretRef } from '../../lib/fields.ts'
import { connectionOptions } from '../http/connections.ts'
import { policies } from './outcome.ts'

/** Options of the webhook beside those that every target has. */
export const webhookOptions = z.strictObject({
  url: z
    .union([z.url({ protocol: /^https?$/ }), secretRef])
    .describe('Where to POST; a URL with a secret in it may come from the environment or a file'),
  format: z.enum(formatNames).default('classic').describe('How the event is written'),
  policy: z
    .enum(policies)
    .default('default')
    .describe('What an answer means: our own table, that of Standard Webhooks, or that of Knative'),
  headers: z
    .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.union([z.string(), secretRef]))
    .default({})
    .describe('Further headers. `X-Amz-Invocation-Type: Event` makes 502 a success, as API Gateway answers it'),
  extensions: z
    .record(z.string().regex(/^[a-z0-9]{1,20}$/), z.string())
    .default({})
    .describe('Further attributes of a binary CloudEvent'),
  auth: z
    .union([
      z.strictObject({ bearer: secretRef.describe('Token of `Authorization: Bearer`') }),
      z.strictObject({
        basic: z
          .strictObject({
            username: z.string().describe('User, with `password`'),
            password: secretRef.describe('Password, with `username`'),
          })
          .describe('User and password'),
      }),
    ])
    .optional()
    .describe('How to authenticate'),
  secret: secretRef
    .optional()
    .describe('Signing secret: `whsec_…` adds `webhook-signature` by Standard Webhooks v1, `whsk_…` by v1a (Ed25519)'),
  previousSecret: secretRef
    .optional()
    .describe('The signing secret before: while receivers change over, each message is signed with both'),
  ...connectionOptions,
})

export type WebhookOptions = z.output<typeof webhookOptions>
