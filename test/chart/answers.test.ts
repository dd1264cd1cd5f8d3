import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { chartFolder } from './manifests.ts'

const script = readFileSync(join(chartFolder, 'files', 'answers.mjs'), 'utf8')

/** Runs the script as the pod of `helm test` does. */
function ask(url: string, seconds: number): Promise<{ readonly status: number; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const args = ['--input-type=module', '--eval', script, url, String(seconds)]
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') return reject(error)
      return resolve({ status: Number(error?.code ?? 0), output: `${stdout}${stderr}` })
    })
  })
}

/** A release that is ready when asked for the `readyAt`th time, and how it ends. */
async function release(readyAt: number, metrics: string) {
  let asked = 0
  const server = createServer((request, response) => {
    if (request.url === '/metrics') return response.end(metrics)
    asked += 1
    response.statusCode = asked >= readyAt ? 200 : 503
    return response.end(`asked ${asked} times`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const end = () => new Promise<unknown>((resolve) => server.close(resolve))
  onTestFinished(() => void end())
  // A server that listens on a port has an address with one.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, end }
}

const ours = 'onetrigger_build_info 1'

describe('the script of helm test', () => {
  it('is content with a release that is ready', async () => {
    const { url } = await release(1, ours)

    expect(await ask(url, 0)).toEqual({
      status: 0,
      output: `${url}/readyz: asked 1 times\n${url}/metrics: in order\n`,
    })
  })

  it('waits for one that is about to be', async () => {
    expect(await ask((await release(2, ours)).url, 1)).toMatchObject({ status: 0 })
  })

  it('says what is wrong with one that does not get ready', async () => {
    const { url } = await release(3, ours)

    expect(await ask(url, 1)).toEqual({ status: 1, output: `${url}/readyz: asked 2 times\n${url}/metrics: in order\n` })
  })

  it('does not take something else for OneTrigger', async () => {
    const { status, output } = await ask((await release(1, 'up 1')).url, 0)

    expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining('/metrics: up 1') })
  })

  it('says so in a line where nothing answers', async () => {
    const { url, end } = await release(1, ours)
    await end()

    const { status, output } = await ask(url, 0)

    expect({ status, lines: output.trim().split('\n').length }).toEqual({ status: 1, lines: 2 })
    expect(output).toContain('ECONNREFUSED')
  })
})
