import { z } from 'zod'
import { formatNames } from '../../formats/registry.ts'
import { duration } from '../../lib/fields.ts'
import { awsOptions } from '../aws/client.ts'

/** Options of a Batch target beside those that every target has. */
export const batchOptions = z.strictObject({
  ...awsOptions,
  queue: z.string().min(1).describe('Job queue: its name or ARN'),
  definition: z
    .string()
    .min(1)
    .optional()
    .describe('Job definition: its name, `name:revision` or ARN. By default named as the queue, as SCAR does it'),
  format: z.enum(formatNames).default('classic-shell-percent').describe('How the event is written into EVENT'),
  command: z.array(z.string()).min(1).optional().describe("Replaces the definition's command"),
  gpus: z.int().min(1).max(64).optional().describe('GPUs of the job'),
  vcpus: z.number().positive().max(1_000).optional().describe('vCPUs of the job'),
  memory: z.int().min(4).max(10_000_000).optional().describe('Memory of the job, MiB'),
  environment: z
    .record(z.string().min(1), z.string())
    .default({})
    .describe('Further variables of the job; no secrets: AWS shows them'),
  attempts: z.int().min(1).max(10).optional().describe('How often AWS runs the job when it fails'),
  jobTimeout: duration
    .refine((ms) => ms >= 60_000, 'AWS takes no less than 60s')
    .optional()
    .describe('AWS ends an attempt of the job after this long'),
  tags: z.record(z.string().min(1), z.string()).default({}).describe('Tags of the job'),
  shareIdentifier: z.string().min(1).max(255).optional().describe('Share of a queue with fair-share scheduling'),
  schedulingPriority: z.int().min(0).max(9_999).optional().describe('Priority within the share'),
})

export type BatchOptions = z.output<typeof batchOptions>
