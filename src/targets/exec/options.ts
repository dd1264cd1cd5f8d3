import { z } from 'zod'
import { formatNames } from '../../formats/registry.ts'
import { secretRef } from '../../lib/fields.ts'

const exitCode = z.int().min(1).max(255)

/** Options of an exec target beside those that every target has. */
export const execOptions = z.strictObject({
  command: z
    .array(z.string())
    .min(1)
    .describe('Program and arguments; no shell comes between. A path with a slash is looked up from `workingFolder`'),
  workingFolder: z.string().min(1).default('.').describe('Folder in which the command runs'),
  format: z
    .enum(formatNames)
    .default('classic')
    .describe('How the event is written: on standard input, and into EVENT'),
  environment: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/), z.union([z.string(), secretRef]))
    .default({})
    .describe('Further variables of the command; values may be secrets'),
  inheritEnvironment: z
    .array(z.string().min(1))
    .default(['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'])
    .describe('Variables of our own process that the command gets too; nothing else is handed on'),
  rejectExitCodes: z
    .array(exitCode)
    .default([65])
    .describe(
      'Exit codes that give the event up at once; by default 65 (EX_DATAERR). 0 is success, all others are tried again',
    ),
})

export type ExecOptions = z.output<typeof execOptions>
