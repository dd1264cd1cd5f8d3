import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Environment } from './env.ts'

/** What `run` with flags watches, as configured. */
export interface Watched {
  readonly host: string
  readonly space: string
  readonly folder: string
}

/**
 * Where state is kept when nothing says otherwise: one file for what a configuration file describes, and one of its own for each (host, space, folder) of
 * `run` with flags, so that another webhook finds what is still owed. The space counts as it was written: its name and its id are two files.
 */
export function defaultStorePath(env: Environment, home: string, watched: Watched | null): string {
  return join(stateFolder(env, home), watched === null ? 'onetrigger.db' : fileName(watched))
}

/** As the XDG Base Directory Specification has it: a relative path counts as none. */
function stateFolder(env: Environment, home: string): string {
  const base = env.XDG_STATE_HOME ?? ''
  return join(base.startsWith('/') ? base : join(home, '.local', 'state'), 'onetrigger')
}

/** Readable for people, and with a hash so that no two share a file. */
function fileName({ host, space, folder }: Watched): string {
  const place = [bareHost(host), space, folder]
  const hash = createHash('sha256').update(place.join('\0')).digest('hex').slice(0, 12)
  const words = place.map(slug).filter((word) => word !== '')
  return `${[...words, hash].join('_')}.db`
}

/** Host and port, without what does not tell providers apart: `https://H:443/` is `H`. */
function bareHost(host: string): string {
  return URL.parse(/^[a-z]+:\/\//i.test(host) ? host : `https://${host}`)?.host ?? host
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 40)
}
