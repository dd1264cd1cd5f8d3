import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { closedPort } from '../support/closed-port.ts'
import { runOneTrigger } from '../support/onetrigger.ts'
import { startSimulator } from '../support/simulator.ts'
import { tempDir } from '../support/temp-dir.ts'

/** Runs the command line to its end. */
async function end(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { ended, stdout, stderr } = runOneTrigger(args, env)
  return { code: await ended, stdout: stdout.join('\n'), stderr: stderr.join('\n') }
}

describe('onetrigger', () => {
  it.each(['-v', '--version'])('%s prints the version', async (flag) => {
    const { code, stdout, stderr } = await end([flag])

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^version \d+\.\d+\.\d+/)
  })

  it('is what the package runs', () => {
    const bin = join(import.meta.dirname, '../../bin/onetrigger.mjs')

    const { status, stdout } = spawnSync(process.execPath, [bin, '-v'], { encoding: 'utf8' })

    expect(status).toBe(0)
    expect(stdout).toMatch(/^version \d/)
  })

  it('without a command prints its usage on standard error, exit code 2', async () => {
    const { code, stdout, stderr } = await end([])

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^Usage: onetrigger/)
  })

  it('says in one line that --store names no table, exit code 1', async () => {
    const { code, stderr } = await end(['deliveries', 'list', '--store', 'dynamodb:a b'])

    expect(code).toBe(1)
    expect(stderr).toContain('--store: expected the name of a table')
    expect(stderr).not.toContain('ZodError')
  })

  it('looks into a store by a configuration whose secrets are not here', async () => {
    const folder = tempDir()
    const file = join(folder, 'onetrigger.yaml')
    writeFileSync(
      file,
      `sources: { hub: { type: onedata, host: provider.example, token: { env: NOT_HERE } } }
triggers: { all: { watch: { source: hub, space: S }, deliver: [hook] } }
targets: { hook: { type: webhook, url: "https://example.org/hook" } }
store: { type: sqlite, path: ${join(folder, 'none.db')} }
`,
    )

    const { code, stderr } = await end(['targets', 'list', '--config', file])

    expect(code).toBe(1)
    expect(stderr).toContain('none.db')
    expect(stderr).not.toContain('NOT_HERE')
  })

  it.each([
    ['an unknown command', ['fly'], "unknown command 'fly'"],
    ['an unknown flag', ['run', '--foo'], "unknown option '--foo'"],
    ['a flag without its value', ['run', '--space'], "option '-s, --space <space>' argument missing"],
    ['an abbreviation of several flags', ['run', '--st', 'x'], 'ambiguous option: --st could be'],
    ['one argument too many', ['schema', 'x'], 'too many arguments'],
    ['a port that is none', ['simulate', '--port', '99999'], '--port must be a number'],
  ])('refuses %s with exit code 2', async (_what, args, message) => {
    const { code, stdout, stderr } = await end(args)

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it.each([
    ['deliveries list --token=canary', "error: unknown option '--token'"],
    ["run --tokne=can'ary", "error: unknown option '--tokne'"],
    ['-tcanary run', "error: unknown option '-t'"],
    ['explain --tok=canary x', "error: unknown option '--tok'"],
    ['run --spaec canary', "error: unknown option '--spaec'\n(Did you mean --space?)"],
  ])('shows no value that stands behind an unknown flag: %s', async (line, told) => {
    const { code, stderr } = await end(line.split(' '))

    expect(code).toBe(2)
    expect(stderr).toContain(`${told}\n`)
    expect(stderr).not.toContain('ary')
  })

  it.each(['run', 'list-spaces', 'check', 'demo', 'simulate', 'schema'])(
    '%s -h helps, with an example',
    async (command) => {
      const { code, stdout, stderr } = await end([command, '-h'])

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain(`Usage: onetrigger ${command}`)
      expect(stdout).toMatch(/Examples?:/)
    },
  )

  it('names the variables in the help of run', async () => {
    const { stdout } = await end(['run', '--help'])

    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('(env: ONETRIGGER_STABLE_FOR)')
  })
})

describe('onetrigger run', () => {
  it("tells all missing settings at once in 1.0.4's words, exit code 1", async () => {
    const { code, stderr } = await end(['run', '-H', 'provider.example.org'])

    expect(code).toBe(1)
    expect(stderr.split('\n')).toEqual([
      'error: Onedata access token is not provided. Please set it via "--token" argument or "ONEDATA_ACCESS_TOKEN" environment variable',
      'error: Onedata space is not provided. Please set it via "--space" argument or "ONEDATA_SPACE" environment variable',
      'error: Webhook to send events is not provided. Please set it via "--webhook" argument or "ONETRIGGER_WEBHOOK" environment variable',
    ])
  })

  it('refuses a file with problems, each with its line, exit code 1', async () => {
    const path = write('a: 1\ntriggers: {}\n')

    const { code, stderr } = await end(['run', '--config', path])

    expect(code).toBe(1)
    expect(stderr).toContain(`error: ${path}:1: a: unknown key`)
    expect(stderr).toContain(`error: ${path}:2: triggers: there is no trigger`)
  })
})

describe('onetrigger list-spaces', () => {
  it("prints 1.0.4's table on standard output", async () => {
    const { url, token, space } = await startSimulator()

    const byFlags = await end(['list-spaces', '-H', url, '--tok', token])
    const byEnvironment = await end(['list-spaces'], { ONEPROVIDER_HOST: url, ONEDATA_ACCESS_TOKEN: token })

    const width = Math.max(10, space.id.length)
    expect(byEnvironment).toEqual({
      code: 0,
      stdout: ['Name    Space ID', `------  ${'-'.repeat(width)}`, `Gamma   ${space.id}`].join('\n'),
      stderr: '',
    })
    expect(byFlags).toMatchObject({ code: 0, stdout: byEnvironment.stdout })
    expect(byFlags.stderr).toContain('the token is on the command line')
    expect(byFlags.stderr).not.toContain(token)
  })

  it('prints JSON where it is asked for', async () => {
    const { url, token, space } = await startSimulator()

    const { stdout } = await end(['list-spaces', '--json'], { ONEPROVIDER_HOST: url, ONEDATA_ACCESS_TOKEN: token })

    expect(JSON.parse(stdout)).toEqual([{ source: 'onedata', name: 'Gamma', spaceId: space.id }])
  })

  it('says that a token is invalid, exit code 1', async () => {
    const { url } = await startSimulator()

    const { code, stdout, stderr } = await end(['list-spaces', '-H', url], { ONEDATA_ACCESS_TOKEN: 'nonsense' })

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^error: Invalid token: /)
  })

  it('says that a provider cannot be reached, exit code 1', async () => {
    const host = `http://127.0.0.1:${await closedPort()}`

    const { code, stderr } = await end(['list-spaces', '-H', host], { ONEDATA_ACCESS_TOKEN: 't' })

    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: Error connecting to provider host: /)
  })
})

describe('onetrigger check', () => {
  it('says in words what would be watched', async () => {
    const args = ['check', '-H', 'provider.example.org', '-s', 'Gamma', '-f', 'in', '-w', 'https://example.org/hook']

    const { code, stdout, stderr } = await end(args, { ONEDATA_ACCESS_TOKEN: 't' })

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('trigger default\n  watches   folder "in" of space "Gamma" at source onedata (onedata)')
    expect(stdout).toContain('The configuration is in order.')
  })

  it('lists all problems, as JSON too, exit code 1', async () => {
    const path = write('sources: {}\nfoo: 1\n')

    const forPeople = await end(['check', '--config', path])
    const forMachines = await end(['check', '--config', path, '--json'])

    expect(forPeople.code).toBe(1)
    expect(forPeople.stderr).toContain('error: 2 problems; nothing would run')
    expect(forMachines.code).toBe(1)
    expect(JSON.parse(forMachines.stdout)).toEqual({
      ok: false,
      problems: [
        `${path}:1: triggers: there is no trigger, so nothing would be watched`,
        `${path}:2: foo: unknown key; there is sources, triggers, targets, notices, egress, store, http, log, exitAfterFailures`,
      ],
      findings: [],
      triggers: [],
    })
  })

  it('looks with --connect at every source, space and target, and tells all that fail', async () => {
    const { url, token, model } = await startSimulator()
    model.mkdir('in')
    const webhook = `http://127.0.0.1:${await closedPort()}/hook`
    const text = `
sources:
  good: { type: onedata, host: "${url}", token: { env: GOOD } }
  bad: { type: onedata, host: "${url}", token: { env: BAD } }
targets:
  hook: { type: webhook, url: "${webhook}" }
triggers:
  a: { watch: { source: good, space: Gamma, folder: in }, deliver: [hook] }
  a-later: { watch: { source: good, space: Gamma, folder: later }, deliver: [hook] }
  b: { watch: { source: good, space: Nowhere }, deliver: [hook] }
  c: { watch: { source: bad, space: Gamma }, deliver: [hook] }
`
    const { code, stdout } = await end(['check', '--config', write(text), '--connect', '--json'], {
      GOOD: token,
      BAD: 'x',
    })

    expect(code).toBe(1)
    const { ok, findings } = JSON.parse(stdout)
    expect(ok).toBe(false)
    expect(findings.map(({ part, ok }: { part: string; ok: boolean }) => `${part} ${ok}`)).toEqual([
      'source good true',
      'trigger a true',
      'trigger a-later true',
      'trigger b false',
      'source bad false',
      'target hook false',
    ])
    expect(findings[1].detail).toMatch(/^space "Gamma" \(\w+\): watched by events$/)
  })
})

describe('onetrigger check --connect', () => {
  it('lets no name of a space steer the terminal', async () => {
    const esc = String.fromCharCode(27)
    const { url, token, space, model } = await startSimulator({ spaceName: `red${esc}[31m` })
    model.mkdir('in')

    const args = ['check', '-H', url, '-s', space.id, '-f', 'in', '-w', 'http://127.0.0.1:9/', '--connect']
    const { stdout } = await end(args, { ONEDATA_ACCESS_TOKEN: token })

    expect(stdout).toContain('space "red')
    expect(stdout).not.toContain(esc)
  })
})

describe('onetrigger schema', () => {
  it('prints JSON Schema', async () => {
    const { code, stdout } = await end(['schema'])

    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining('json-schema.org'), type: 'object' })
  })
})

function write(text: string): string {
  const path = join(tempDir(), 'onetrigger.yaml')
  writeFileSync(path, text)
  return path
}
