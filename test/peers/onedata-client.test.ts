import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { python } from '../support/python.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { aWorld } from '../support/world.ts'

const run = promisify(execFile)
const script = (name: string) => join(import.meta.dirname, name)

describe.each(['21.02.3', '21.02.8', '25.0'] as const)(
  "Onedata's own Python client and a provider of %s",
  (version) => {
    it('works unchanged against the simulator for every call it has', async () => {
      const simulator = await startSimulator({ version, tls: true })

      const args = [script('exercise_client.py'), simulator.host, simulator.token, 'Gamma']
      const { stdout } = await run(python, args).catch((error: { stdout: string }) => error)

      const checks = stdout
        .trim()
        .split('\n')
        .map((line): { check: string; ok: boolean; error?: string } => JSON.parse(line))
      expect(checks.filter((check) => !check.ok)).toEqual([])
      expect(checks.length).toBeGreaterThanOrEqual(20)
    })

    it('uploads a file in steps that reaches the webhook once, when it is whole', async () => {
      const world = await aWorld({ version, tls: true, args: ['--insecure', '--stable-for', '2s'] })

      const args = [
        script('upload.py'),
        world.simulator.host,
        world.simulator.token,
        'Gamma',
        'in/video.avi',
        '4',
        '0.5',
      ]
      const { stdout } = await run(python, args)
      const uploaded: { finishedAt: number } = JSON.parse(stdout)
      await waitFor('the webhook is called', () => world.receiver.received.length > 0)

      expect(world.receiver.received).toMatchObject([{ key: '/Gamma/in/video.avi' }])
      expect((world.receiver.received[0]?.at ?? 0) - uploaded.finishedAt).toBeGreaterThanOrEqual(1_900)
    })
  },
)
