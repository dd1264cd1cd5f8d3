import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const folder = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'onetrigger')
const binary = join(folder, 'minio')

/** A MinIO server on loopback. */
export interface Minio {
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  close(): Promise<void>
}

/** Builds MinIO from its Go module, once; says what is missing, and fails then: nothing is skipped. */
function build(): void {
  if (existsSync(binary)) return
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync('go', ['install', 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c'], {
      env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' },
      stdio: 'inherit',
    })
  } catch (cause) {
    throw new Error('this suite builds MinIO: it needs Go 1.24 or newer and a Go module proxy', { cause })
  }
}

/** Starts one with an empty folder. */
export async function startMinio(): Promise<Minio> {
  build()
  const [accessKey, secretKey] = ['canary-access', 'canary-secret-key']
  const data = mkdtempSync(join(tmpdir(), 'onetrigger-minio-'))
  const server = spawn(binary, ['server', '--address', '127.0.0.1:0', data], {
    env: { ...process.env, MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey, MINIO_BROWSER: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const endpoint = await new Promise<string>((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`MinIO ended with exit code ${code}`)))
    for (const stream of [server.stdout, server.stderr]) {
      createInterface(stream).on('line', (line) => {
        const found = /API: (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]
        if (found !== undefined) resolve(found)
      })
    }
  })
  return {
    endpoint,
    accessKey,
    secretKey,
    close: async () => {
      const closed = once(server, 'close')
      server.kill()
      await closed
      rmSync(data, { recursive: true, force: true })
    },
  }
}
