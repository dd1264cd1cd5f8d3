import { createHmac, createPrivateKey, sign as signWith } from 'node:crypto'
import { ConfigError } from '../../core/errors.ts'

/** Gives one entry of `webhook-signature` for a message: version, comma, base64. */
export type Signer = (id: string, timestamp: number, body: string) => string

/**
 * The signer for a Standard Webhooks 1.0.0 secret: `whsec_` and base64 of 24 to 64 random bytes signs by HMAC-SHA256 (`v1`), `whsk_` and base64 of an
 * Ed25519 key signs by that (`v1a`). Throws `ConfigError` for anything else; the secret is not in it.
 */
export function createSigner(secret: string): Signer {
  return secret.startsWith('whsk_') ? asymmetric(bytesOf(secret, 'whsk_')) : symmetric(bytesOf(secret, 'whsec_'))
}

function symmetric(key: Buffer): Signer {
  if (key.length < 24) throw invalidSecret()
  return (id, timestamp, body) =>
    `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

/** What stands before the 32 bytes of a seed in PKCS #8 (RFC 8410). */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The key is the seed, or the seed and the public key behind it. */
function asymmetric(bytes: Buffer): Signer {
  if (bytes.length !== 32 && bytes.length !== 64) throw invalidSecret()
  const key = createPrivateKey({
    key: Buffer.concat([ed25519Prefix, bytes.subarray(0, 32)]),
    format: 'der',
    type: 'pkcs8',
  })
  return (id, timestamp, body) =>
    `v1a,${signWith(null, Buffer.from(`${id}.${timestamp}.${body}`), key).toString('base64')}`
}

function bytesOf(secret: string, prefix: string): Buffer {
  const encoded = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret
  const key = Buffer.from(encoded, 'base64')
  if (key.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, '')) throw invalidSecret()
  return key
}

function invalidSecret(): ConfigError {
  return new ConfigError(
    'CONFIG_INVALID',
    'The signing secret of a webhook must be `whsec_` and the base64 of 24 to 64 random bytes, or `whsk_` and the base64 of an Ed25519 key.',
  )
}
