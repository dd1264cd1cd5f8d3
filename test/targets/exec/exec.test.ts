import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ClaimedDelivery, Outcome } from '../../../src/core/delivery.ts'
import { exec } from '../../../src/targets/registry.ts'
import { anEvent } from '../../support/builders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { targetDeps } from '../../support/target-deps.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { waitFor } from '../../support/wait-for.ts'

const never = new AbortController().signal

function run(script: string, options: object = {}, deps: Parameters<typeof targetDeps>[0] = {}) {
  const command = [process.execPath, '-e', script]
  const target = exec.build({ command, ...options }, targetDeps({ variable: (name) => process.env[name], ...deps }))
  const delivery: ClaimedDelivery = { id: 'dlv_1', target: 'local', event: anEvent(), attempt: 2, createdAt: 0 }
  return (signal = never) => target.deliver(delivery, signal)
}

describe('a command', () => {
  it('gets the event on standard input and in the variables that scripts for faas-supervisor know', async () => {
    const script = `process.stdin.pipe(process.stdout); const e = process.env
      console.error(JSON.stringify([e.STORAGE_OBJECT_KEY, e.ONETRIGGER_DELIVERY_ID, e.ONETRIGGER_ATTEMPT, e.TMP_OUTPUT_DIR, JSON.parse(e.EVENT).Key]))`
    const folder = tempDir()

    const outcome = await run(script, { workingFolder: folder })()

    expect(outcome).toMatchObject({ kind: 'delivered', answer: { status: 0 } })
    const body = outcome.answer?.body ?? ''
    expect(body).toContain(JSON.stringify(['/Gamma/in/a.txt', 'dlv_1', '2', folder, '/Gamma/in/a.txt']))
    expect(body).toContain('{"Key": "/Gamma/in/a.txt"')
  })

  it.each([
    ['process.exit(0)', 'delivered', 0],
    ['process.exit(65)', 'rejected', 65],
    ['process.exit(75)', 'retry', 75],
    ['process.exit(1)', 'retry', 1],
    ["process.kill(process.pid, 'SIGKILL')", 'retry', -1],
  ])('that does %s is %s', async (script, kind, status) => {
    expect(await run(script)()).toMatchObject({ kind, answer: { status } })
  })

  it('decides by its own list of final exit codes', async () => {
    expect(await run('process.exit(3)', { rejectExitCodes: [3] })()).toMatchObject({ kind: 'rejected' })
    expect(await run('process.exit(65)', { rejectExitCodes: [3] })()).toMatchObject({ kind: 'retry' })
  })

  it('cannot be told of a file whose name holds a NUL: that event is rejected', async () => {
    const target = exec.build({ command: [process.execPath, '-e', ''] }, targetDeps())
    const event = anEvent({ path: 'in/a\u0000b' })

    const outcome = await target.deliver({ id: 'dlv_1', target: 'local', event, attempt: 1, createdAt: 0 }, never)

    expect(outcome).toMatchObject({ kind: 'rejected' })
  })

  it('that is not there, or may not be run, is waited for', async () => {
    const deps = targetDeps()
    const delivery = { id: 'd', target: 't', event: anEvent(), attempt: 1, createdAt: 0 }
    for (const command of [['/nowhere/program'], [join(import.meta.dirname, 'exec.test.ts')]]) {
      expect(await exec.build({ command }, deps).deliver(delivery, never)).toMatchObject({ kind: 'unavailable' })
    }
    const nowhere = exec.build({ command: [process.execPath], workingFolder: '/nowhere/at/all' }, deps)
    expect(await nowhere.deliver(delivery, never)).toMatchObject({ kind: 'unavailable' })
  })

  it('gets nothing of our environment but what is listed, and what the configuration gives it', async () => {
    const script = 'console.log(JSON.stringify(process.env))'
    const environment = { MODEL: 'yolo', KEY: { env: 'ANY' } }
    const variable = (name: string) => ({ PATH: '/bin', ONEDATA_ACCESS_TOKEN: 'canary' })[name]

    const outcome = await run(script, { environment }, { variable, secret: targetDeps().secret })()

    const seen = JSON.parse(`${outcome.answer?.body}`)
    expect(seen).toMatchObject({ PATH: '/bin', MODEL: 'yolo', KEY: 'canary' })
    expect(seen).not.toHaveProperty('ONEDATA_ACCESS_TOKEN')
    expect(
      Object.keys(seen).filter(
        (name) => !/^(PATH|MODEL|KEY|EVENT|EVENT_TIME|STORAGE_OBJECT_KEY|TMP_|ONETRIGGER_)/.test(name),
      ),
    ).toEqual([])
  })

  it('may print without end: its last kilobyte is kept', async () => {
    const outcome = await run("process.stdout.write('x'.repeat(5_000_000) + 'end')")()
    expect(outcome.answer?.body).toMatch(/^x{1021}end$/)
  })

  it('need not read its input, however long', async () => {
    expect(await run('process.exit(0)', { format: 'cloudevents' })()).toMatchObject({ kind: 'delivered' })
  })

  it('that does not end in time is ended with all that it started, and tried again', async () => {
    const mark = join(tempDir(), 'pid')
    const child = `require('fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => {}, 1000)`
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`

    const outcome = await run(script, {}, { timeoutMs: 1_500 })()

    expect(outcome).toMatchObject({ kind: 'retry', reason: 'the command did not end in time' })
    expect(existsSync(mark)).toBe(true)
    const pid = Number(readFileSync(mark, 'utf8'))
    await waitFor('its child has ended', () => !isRunning(pid))
  })

  it('has ended when it ends, whatever it left running', async () => {
    const child = 'setInterval(() => {}, 1000)'
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); setTimeout(() => process.exit(0), 100)`
    expect(await run(script)()).toMatchObject({ kind: 'delivered' })
  })

  it('has ended a moment later also where what it left is out of reach and holds its output open', async () => {
    const [clock, mark] = [new FakeClock(), join(tempDir(), 'pid')]
    const child = `require('fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => {}, 1000)`
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit', detached: true }).unref()`
    const ends: Outcome[] = []

    void run(script, {}, { clock, timeoutMs: 3_600_000 })().then((outcome) => ends.push(outcome))
    await waitFor('it has ended', async () => {
      await clock.advance(1_000)
      return ends.length > 0
    })

    expect(ends).toMatchObject([{ kind: 'delivered' }])
    await waitFor('it runs', () => existsSync(mark) && readFileSync(mark, 'utf8') !== '')
    process.kill(Number(readFileSync(mark, 'utf8')))
  })

  it('is ended when the attempt is broken off, which is told at once', async () => {
    const mark = join(tempDir(), 'pid')
    const stop = new AbortController()
    const script = `require('fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => {}, 1000)`
    const running = run(script)(stop.signal)
    await waitFor('it runs', () => existsSync(mark) && readFileSync(mark, 'utf8') !== '')
    const reason = new Error('stopped')

    stop.abort(reason)

    await expect(running).rejects.toBe(reason)
    const pid = Number(readFileSync(mark, 'utf8'))
    await waitFor('it has ended', () => !isRunning(pid))
  })
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
