import { createHmac } from 'node:crypto'
import { ConfigError } from '../../core/errors.ts'

/** The bytes of a Standard Webhooks secret, `whsec_` and base64. Throws `ConfigError` for anything else; the secret is not in it. */
export function signingKey(secret: string): Buffer {
  const encoded = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret
  const key = Buffer.from(encoded, 'base64')
  if (key.length < 16 || key.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, '')) {
    throw new ConfigError(
      'CONFIG_INVALID',
      'The signing secret of a webhook must be `whsec_` and the base64 of 24 to 64 random bytes.',
    )
  }
  return key
}

/** `webhook-signature` by Standard Webhooks 1.0.0: `v1,` and the HMAC-SHA256 of id, timestamp and body. */
export function sign(key: Buffer, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
