import { z } from 'zod'
import type { Ask } from './client.ts'
import type { Refusal } from './errors.ts'
import { type ProviderContext, parseAnswer } from './provider-context.ts'

const statusSchema = z.object({ completionStatus: z.string() })

/**
 * Whether an upload through CDMI is under way. Only a yes says something: uploads by REST or Oneclient never show, and one that broke
 * off stays so for ever.
 */
export async function readCdmiProcessing(
  context: ProviderContext,
  fileId: string,
  signal: AbortSignal,
): Promise<boolean | Refusal> {
  const ask: Ask = {
    route: 'GET /cdmi/cdmi_objectid/{id}',
    root: '',
    params: { id: fileId },
    query: [['completionStatus', '']],
    headers: { 'X-CDMI-Specification-Version': '1.1.1' },
  }
  const answer = await context.client.ask(ask, signal)
  if (answer.kind !== 'ok') return answer
  return parseAnswer(context, ask, statusSchema, answer.body).completionStatus === 'Processing'
}
