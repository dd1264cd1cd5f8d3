import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { installPython, python } from '../support/python.ts'

const run = promisify(execFile)

/** AWS as moto plays it, on loopback. */
export interface Aws {
  readonly url: string
  /** Runs one function of aws.py against it and gives what it prints. */
  ask(command: string, ...args: string[]): Promise<unknown>
  /** Requests so far, with their bodies. */
  recorded(): Promise<readonly { readonly url: string; readonly body: string }[]>
  close(): void
}

/**
 * Starts a moto server and points the AWS SDK of this process at it, by the variables that AWS' own tools take. Functions and jobs are not run in
 * containers: they end at once.
 */
export async function startAws(): Promise<Aws> {
  installPython(join(import.meta.dirname, 'requirements.txt'))
  const folder = mkdtempSync(join(tmpdir(), 'onetrigger-moto-'))
  const server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    // Its record lies in the folder in which it runs.
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`moto ended with exit code ${code}`)))
    createInterface(server.stderr).on('line', (line) => {
      const found = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
  const config = { batch: { use_docker: false }, lambda: { use_docker: false } }
  await fetch(`${url}/moto-api/config`, { method: 'POST', body: JSON.stringify(config) })
  await fetch(`${url}/moto-api/recorder/start-recording`, { method: 'POST' })
  const environment = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'canary-secret-key',
    AWS_REGION: 'us-east-1',
  }
  Object.assign(process.env, environment)
  return {
    url,
    ask: async (command, ...args) => {
      const script = join(import.meta.dirname, 'aws.py')
      const { stdout } = await run(python, [script, command, ...args], {
        env: { ...process.env, ...environment },
        maxBuffer: 64 * 2 ** 20,
      })
      return JSON.parse(stdout)
    },
    recorded: async () => {
      const text = await (await fetch(`${url}/moto-api/recorder/download-recording`)).text()
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          // What moto's recorder writes.
          const {
            url: asked,
            body,
            body_encoded,
          } = JSON.parse(line) as { url: string; body: string; body_encoded: boolean }
          return { url: asked, body: body_encoded ? Buffer.from(body, 'base64').toString('utf8') : body }
        })
    },
    close: () => {
      server.once('close', () => rmSync(folder, { recursive: true, force: true }))
      server.kill()
    },
  }
}
