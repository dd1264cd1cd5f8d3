import { ConfigError } from '../../core/errors.ts'
import type { Plan } from '../plan.ts'
import { createTemplate } from '../template/create-template.ts'
import type { Code } from './code.ts'

/** What CloudFormation takes in a call. */
const mostTemplateBytes = 51_200

/** The template as it is sent, and compared. Throws `CONFIG_INVALID` where it is too large. */
export function templateText(plan: Plan): string {
  const text = JSON.stringify(createTemplate(plan))
  const bytes = Buffer.byteLength(text)
  if (bytes <= mostTemplateBytes) return text
  throw new ConfigError(
    'CONFIG_INVALID',
    `the template has ${bytes} bytes and CloudFormation takes ${mostTemplateBytes}; the user's script is in it: let it fetch its greater part`,
  )
}

/** Where an archive lies in a bucket: each content has a place of its own, so that the stack sees another. */
export function codeKey(name: string, { sha256 }: Code): string {
  return `${name}/${Buffer.from(sha256, 'base64').toString('hex')}.zip`
}
