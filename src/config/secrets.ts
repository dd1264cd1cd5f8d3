import { readFileSync, statSync } from 'node:fs'
import { ConfigError } from '../core/errors.ts'
import type { SecretRef } from '../lib/fields.ts'
import { Secret, type SecretSource } from '../lib/secret.ts'
import { type Environment, processEnvironment } from './env.ts'

/** A key or token is short; something larger is the wrong file. */
const mostBytes = 65_536

/**
 * Where secrets come from: variables of `env`, files, and what `byArn` knows (by default nothing). Nothing is read before the first `get`. One line break at the end is not part of a
 * secret. `get` and `refresh` throw `CONFIG_SECRET_MISSING`, which names the variable or the file, where there is nothing to read.
 */
export function createSecrets(
  env: Environment = processEnvironment,
  byArn: (arn: string) => SecretSource = notHere,
): (ref: SecretRef) => SecretSource {
  return (ref) => {
    if ('env' in ref) return fromVariable(ref.env, env)
    return 'file' in ref ? fromFile(ref.file) : byArn(ref.arn)
  }
}

function notHere(arn: string): SecretSource {
  const refuse = () => {
    throw missing(`${arn} can be read by the scheduled function only; here it takes { env } or { file }`)
  }
  return { get: refuse, refresh: refuse }
}

function fromVariable(name: string, env: Environment): SecretSource {
  const read = () => {
    // What an object inherits (`constructor`, `__proto__`) is no variable.
    const text = Object.hasOwn(env, name) ? env[name] : undefined
    const value = withoutLineBreak(text ?? '')
    if (value === '') throw missing(`the environment variable ${name} is not set`)
    return new Secret(value)
  }
  return { get: read, refresh: read }
}

function fromFile(path: string): SecretSource {
  let known: { readonly stamp: string; readonly secret: Secret } | null = null
  const refresh = () => {
    const stamp = stampOf(path)
    known = { stamp, secret: readSecret(path) }
    return known.secret
  }
  return {
    refresh,
    get: () => {
      if (known === null) return refresh()
      try {
        return stampOf(path) === known.stamp ? known.secret : refresh()
      } catch (error) {
        // While a file is being replaced it may be gone for a moment; the old value is still the best there is.
        if (error instanceof ConfigError) return known.secret
        throw error
      }
    },
  }
}

/** Changes with the content: a rotation in Kubernetes swaps a link, so the file behind the path is another one. */
function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs}/${size}/${ino}`
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function readSecret(path: string): Secret {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw unreadable(path, cause)
  }
  if (bytes.length > mostBytes) throw missing(`the file ${path} is too large for a secret`)
  const value = withoutLineBreak(bytes.toString('utf8'))
  if (value === '') throw missing(`the file ${path} is empty`)
  return new Secret(value)
}

function withoutLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '')
}

function unreadable(path: string, cause: unknown): ConfigError {
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return missing(`the file ${path} cannot be read${reason}`, cause)
}

function missing(what: string, cause?: unknown): ConfigError {
  return new ConfigError('CONFIG_SECRET_MISSING', `a secret is missing: ${what}`, { cause })
}
