import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { ConfigError } from '../../core/errors.ts'
import type { CarriedFile } from '../function-configuration.ts'
import { type ZipEntry, zip } from './zip.ts'

/** The function's code as AWS takes it. */
export interface Code {
  readonly zip: Buffer
  /** As Lambda tells it: SHA-256 of the archive, base64. */
  readonly sha256: string
}

/** The entry that the stack names, whose place the stack's own few lines hold until the code comes. */
const entry = "export { handler } from './handler.mjs'\n"

/** Makes the archive: the bundle, the configuration beside it, certificates. The same input gives the same bytes. Throws `CONFIG_NOT_FOUND`. */
export function makeCode(configuration: unknown, files: readonly CarriedFile[], bundle = bundleFolder()): Code {
  const entries: readonly ZipEntry[] = [
    ...bundleEntries(bundle),
    { name: 'index.mjs', content: Buffer.from(entry) },
    { name: 'onetrigger.yaml', content: Buffer.from(stringify(configuration)) },
    ...files.map(({ path, name }) => ({ name, content: read(path) })),
  ]
  const archive = zip(entries)
  return { zip: archive, sha256: createHash('sha256').update(archive).digest('base64') }
}

function bundleEntries(folder: string): readonly ZipEntry[] {
  const names = existsSync(folder) ? readdirSync(folder) : []
  if (!names.includes('handler.mjs')) {
    throw new ConfigError('CONFIG_NOT_FOUND', "the function's bundle is not there: npm run build:lambda makes it")
  }
  return names.filter((name) => name.endsWith('.mjs')).map((name) => ({ name, content: read(join(folder, name)) }))
}

/** Beside the compiled program; a checkout has it in `dist` too, once it was built. */
function bundleFolder(): string {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  return basename(root) === 'dist' ? join(root, 'lambda') : join(root, '..', 'dist', 'lambda')
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new ConfigError('CONFIG_NOT_FOUND', `the file ${path} cannot be read${reason}`, { cause })
  }
}
