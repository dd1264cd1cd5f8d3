import { z } from 'zod'
import { DeployError } from '../../core/errors.ts'

const awsError = z.object({
  name: z.string().catch(''),
  message: z.string().catch(''),
  code: z.string().optional().catch(undefined),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).catch({}),
})

type AwsError = z.output<typeof awsError>

/** No credentials, or such as AWS does not know, by the names that SDK and services have for that. */
const credentials =
  /Credential|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|AuthFailure|ExpiredToken|SignatureDoesNotMatch|InvalidSignature|MissingAuthenticationToken|IncompleteSignature/
const denied = /AccessDenied|UnauthorizedOperation|NotAuthorized/
const unreachable = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|TimeoutError/

/** What an error of the SDK means to the person who deploys. Never quotes what was signed. */
export function deployError(error: unknown, doing: string): DeployError {
  if (error instanceof DeployError) return error
  const parsed = awsError.safeParse(error)
  if (!parsed.success) return new DeployError('DEPLOY_FAILED', `${doing} failed`, { cause: error })
  const { data } = parsed
  const action = deniedAction(data.message)
  if (action !== null) return refused(`these credentials may not ${action} (${doing}); ask for that right`)
  if (credentials.test(data.name)) return refused(credentialsText(data))
  if (denied.test(data.name)) return refused(`these credentials may not do this: ${doing}`)
  if (/Region is missing|No region/i.test(data.message)) {
    return refused('no region is given: use --region, or set AWS_REGION')
  }
  if (/Region not accepted|Invalid region/i.test(data.message)) {
    return refused('the region is none: look at --region, AWS_REGION and the profile')
  }
  if (unreachable.test(`${data.code} ${data.name}`)) {
    return new DeployError('DEPLOY_FAILED', `AWS cannot be reached (${data.code ?? data.name}): is the region right?`)
  }
  if (/Deserialization error/.test(data.message)) {
    const status = data.$metadata.httpStatusCode
    return new DeployError('DEPLOY_FAILED', `${doing} failed: AWS gave no answer that can be read (status ${status})`)
  }
  return new DeployError('DEPLOY_FAILED', `${doing} failed: ${data.name}: ${explainReason(data.message)}`)
}

/** Whether a right is missing, and nothing else. */
export function isDenied(error: unknown): boolean {
  const { data } = awsError.safeParse(error)
  return data !== undefined && (denied.test(data.name) || deniedAction(data.message) !== null)
}

/** What CloudFormation or a service says about a resource, with what to do about it where that is known. */
export function explainReason(reason: string): string {
  const action = deniedAction(reason)
  if (action !== null) return `these credentials may not ${action}; ask for that right`
  if (/vcpu|quota|limit|insufficient.*capacity/i.test(reason) && /exceed|limit|quota|capacity/i.test(reason)) {
    return `${reason} (a new account may start no GPU: ask for "Running On-Demand G and VT instances" in Service Quotas, counted in vCPUs)`
  }
  if (/already exists/i.test(reason)) {
    return `${reason} (made by SCAR, by another stack or by hand: remove it there, or give this one another name)`
  }
  return reason
}

/** `lambda:CreateFunction`, where a message says that it is not allowed. */
function deniedAction(message: string): string | null {
  return /not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1] ?? null
}

function credentialsText({ name }: AwsError): string {
  if (/Expired/.test(name)) return 'the credentials have expired; sign in again'
  if (/Signature/.test(name)) return 'AWS does not accept the secret key of these credentials'
  if (/Credential/.test(name)) {
    return 'there are no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
  }
  return 'AWS does not know these credentials, or not in this region'
}

function refused(message: string): DeployError {
  return new DeployError('DEPLOY_REFUSED', message)
}
