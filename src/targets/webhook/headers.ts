import { headerValue } from '../../formats/cloudevents.ts'
import type { TargetDeps } from '../define.ts'
import type { WebhookOptions } from './options.ts'
import { createSigner, type Signer } from './signature.ts'

/** Names and values in turn, as undici takes them: so they keep their spelling. */
export type HeaderList = readonly string[]

/** Everything that does not depend on the event; secrets are asked for anew at each attempt, and the URL may be one. */
export function fixedHeaders(given: WebhookOptions, deps: TargetDeps): (url: URL) => HeaderList {
  const values = Object.entries(given.headers).map(([name, value]) => {
    const secret = typeof value === 'string' ? null : deps.secret(value)
    return () => [name, secret === null ? String(value) : secret.get().reveal()]
  })
  const extensions = Object.entries(given.extensions).flatMap(([name, value]) => [`ce-${name}`, headerValue(value)])
  const authorization = authorizationOf(given, deps)
  return (url) => {
    return ['User-Agent', 'OneTrigger', ...values.flatMap((header) => header()), ...extensions, ...authorization(url)]
  }
}

function authorizationOf({ auth }: WebhookOptions, deps: TargetDeps): (url: URL) => HeaderList {
  const basic = (user: string, password: string) => [
    'Authorization',
    `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`,
  ]
  if (auth === undefined) {
    return ({ username, password }) =>
      username === '' && password === '' ? [] : basic(percentDecoded(username), percentDecoded(password))
  }
  if ('bearer' in auth) {
    const token = deps.secret(auth.bearer)
    return () => ['Authorization', `Bearer ${token.get().reveal()}`]
  }
  const password = deps.secret(auth.basic.password)
  return () => basic(auth.basic.username, password.get().reveal())
}

/** As Python's `unquote`: a percent sign that begins nothing stands for itself. */
function percentDecoded(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (part) => Buffer.from(part.replaceAll('%', ''), 'hex').toString('utf8'))
}

/** `webhook-id`, `webhook-timestamp` and, where there are secrets, `webhook-signature` with one entry for each of them. */
export function messageHeaders(given: WebhookOptions, deps: TargetDeps): (id: string, body: string) => HeaderList {
  const refs = [given.secret, given.previousSecret].flatMap((ref) => ref ?? [])
  const secrets = refs.map((ref) => deps.secret(ref))
  const signers = new Map<string, Signer>()
  const signerOf = (secret: string): Signer => {
    const known = signers.get(secret)
    if (known !== undefined) return known
    // Only what is in use is kept.
    if (signers.size >= secrets.length) signers.clear()
    const signer = createSigner(secret)
    signers.set(secret, signer)
    return signer
  }
  return (id, body) => {
    const timestamp = Math.floor(deps.clock.wall() / 1_000)
    const identity = ['webhook-id', id, 'webhook-timestamp', String(timestamp)]
    if (secrets.length === 0) return identity
    const signatures = secrets.map((secret) => signerOf(secret.get().reveal())(id, timestamp, body))
    return [...identity, 'webhook-signature', signatures.join(' ')]
  }
}

/** Whether API Gateway is asked to start a function and not to wait: it cannot map the empty answer of that, and says 502. */
export function isAsyncInvocation({ headers }: WebhookOptions): boolean {
  return Object.entries(headers).some(
    ([name, value]) => name.toLowerCase() === 'x-amz-invocation-type' && value === 'Event',
  )
}
