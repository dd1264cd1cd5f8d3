import { inspect } from 'node:util'

/** Holds a value that must never be printed: JSON, string conversion and `inspect` all give `[secret]`. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself; call it only where it goes on the wire. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

/**
 * Where a secret comes from, asked for at each use: a file is read again when it changed, and `refresh` reads it at once
 * (after a 401). Throws `ConfigError` `CONFIG_SECRET_MISSING` when there is nothing to read.
 */
export interface SecretSource {
  get(): Secret
  refresh(): Secret
}

/** A secret that never changes. */
export function fixedSecret(value: string): SecretSource {
  const secret = new Secret(value)
  return { get: () => secret, refresh: () => secret }
}
