import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { root } from '../../architecture/repository.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { textOf } from '../rules.ts'

/** Prometheus on loopback, with our configuration. */
export interface LivePrometheus {
  /** Asks its API for the `data` of an answer; rejects with what it says. */
  ask<T>(path: string, query: Readonly<Record<string, string>>, form: z.ZodType<T>): Promise<T>
}

const answer = z.object({ status: z.string(), error: z.string().optional(), data: z.unknown().optional() })

/** Starts one that scrapes `target` (host:port) and evaluates the rules four times a second. It is gone when the test has finished. */
export async function startPrometheus(target: string): Promise<LivePrometheus> {
  const folder = tempDir()
  const ours: unknown = parse(textOf('deploy/prometheus/prometheus.yml'))
  const config = join(folder, 'prometheus.yml')
  writeFileSync(config, stringify(hurried(ours)).replace('onetrigger:8080', target))
  const options = [`--config.file=${config}`, `--storage.tsdb.path=${folder}/data`, '--web.listen-address=127.0.0.1:0']
  const child = spawn('prometheus', options, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const address = await new Promise<string>((resolve, reject) => {
    child.on('error', (cause) => reject(new Error("install prometheus, from Debian's package prometheus", { cause })))
    child.on('close', (code) => reject(new Error(`Prometheus ended with exit code ${code}`)))
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = /Listening on" address=(127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
  return {
    ask: async (path, query, form) => {
      const response = await fetch(`http://${address}/api/v1/${path}?${new URLSearchParams(query)}`)
      const { status, error, data } = answer.parse(await response.json())
      if (status !== 'success') throw new Error(`${error}, asked for ${JSON.stringify(query)}`)
      return form.parse(data)
    },
  }
}

/** Our configuration, but quicker, and with rules that are found from elsewhere. */
function hurried(config: unknown): object {
  const global = { scrape_interval: '250ms', scrape_timeout: '250ms', evaluation_interval: '250ms' }
  return {
    ...z.looseObject({}).parse(config),
    global,
    rule_files: [join(root, 'deploy/prometheus/onetrigger.rules.yaml')],
  }
}
