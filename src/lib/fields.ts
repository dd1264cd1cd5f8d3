import { z } from 'zod'
import { parseDuration } from './duration.ts'

/** For a schema that sees one value, at the start: zod would compile it first, which takes longer than the reading. */
export const readOnce = { jitless: true } as const

/** A duration as people write it (`500ms`, `20s`, `10m`, `2h`, `3d`), in milliseconds after parsing. */
export const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'expected a duration such as 500ms, 20s, 10m, 2h or 3d')
  .transform((text) => parseDuration(text) ?? 0)

/** Names where a secret is; never the secret itself. */
export const secretRef = z.union([
  z.strictObject({ env: z.string().min(1).describe('Name of the environment variable that holds the secret') }),
  z.strictObject({
    file: z.string().min(1).describe('Path of the file that holds the secret; read again when it changes'),
  }),
  z.strictObject({
    arn: z
      .string()
      .regex(
        /^arn:[^:]+:(secretsmanager:[^:]*:[^:]*:secret:.+|ssm:[^:]*:[^:]*:parameter\/.+)$/,
        'expected the ARN of a secret of Secrets Manager or of a parameter of SSM',
      )
      .describe('Secret of Secrets Manager or parameter of SSM; for the scheduled function only'),
  }),
])

export type SecretRef = z.output<typeof secretRef>
