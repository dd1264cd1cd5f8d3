import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

const root = join(import.meta.dirname, '..', '..')
const commands = Object.entries(manifest.scripts).filter(([name]) => /^(?:prove|bench)\b/.test(name))
/** Where strangers read what to run. */
const documents = ['README.md', 'CONTRIBUTING.md', 'docs/benchmarks.md', '.ci/run', '.github/workflows/explore.yaml']

describe.concurrent('a proof or benchmark', () => {
  it.each(commands)('%s explains each option that a document names, and itself', { timeout: 60_000 }, async (name) => {
    const { code, out, err } = await run(name, '--help')

    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(new RegExp(`^Usage: npm run ${name} --`))
    expect(out).toContain(`Examples:\n  npm run ${name}`)
    expect(namedOptions(name).filter((option) => !new RegExp(`^  ${option}\\b`, 'm').test(out))).toEqual([])
    expect(exampleOptions(out).filter((option) => !new RegExp(`^  ${option}\\b`, 'm').test(out))).toEqual([])
  })

  it.each(commands)('%s refuses what it does not know, in one line', { timeout: 60_000 }, async (name) => {
    const { code, out, err } = await run(name, '--no-such-option')

    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toBe("error: unknown option '--no-such-option' (--help tells more)\n")
  })

  it.each([
    ['prove:crash', '--kills', 'abc', 'It takes a whole number, at least 1.'],
    ['prove:crash', '--seed', '', 'It takes a whole number, at least 0.'],
    ['prove:crash', '--files', '0', 'It takes a whole number, at least 1.'],
    ['prove:crash', '--files', '1.5', 'It takes a whole number, at least 1.'],
    ['prove:crash', '--seed', '-1', 'It takes a whole number, at least 0.'],
    ['prove:gaps', '--seed', '2148', 'It takes a whole number, at least 0 and at most 2147.'],
    ['prove:crash', '--store', 'mysql', 'It takes one of sqlite, postgres.'],
    ['prove:soak', '--minutes', '0', 'It takes a number above 0.'],
    ['prove:completion', '--stable-for', '2,,10', 'It takes a number above 0.'],
    ['bench:replicas', '--processes', '1,two', 'It takes a whole number, at least 1.'],
    [
      'prove:fuzz',
      '--area',
      'windows',
      'It takes one of answers, configuration, events, http, provider, sessions, streams.',
    ],
  ])('%s refuses %s "%s", and says what it takes', { timeout: 60_000 }, async (name, option, value, takes) => {
    const { code, out, err } = await run(name, option, value)

    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^error: option '.*\n$/)
    expect(err).toContain(`'${option} <`)
    expect(err).toContain(`argument '${value}' is invalid. ${takes} (--help tells more)`)
  })

  it('says in one line what was perhaps meant', async () => {
    const { code, err } = await run('prove:crash', '--kils', '3')

    expect(code).toBe(2)
    expect(err).toBe("error: unknown option '--kils' (Did you mean --kills?) (--help tells more)\n")
  })
})

interface Ended {
  readonly code: number | string | null | undefined
  readonly out: string
  readonly err: string
}

/** The script of the command as npm runs it, without npm. */
function run(name: string, ...args: readonly string[]): Promise<Ended> {
  const script =
    commands
      .find(([each]) => each === name)?.[1]
      .split(' ')
      .at(-1) ?? ''
  return new Promise((resolve) => {
    // One that does what it should refuse must not go on for hours.
    execFile(process.execPath, [script, ...args], { cwd: root, timeout: 50_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }),
    )
  })
}

/** Options that a document gives to the command: in a call of it, and in a row of a table that begins with it. */
function namedOptions(name: string): readonly string[] {
  const lines = documents.flatMap((path) => readFileSync(join(root, path), 'utf8').split('\n'))
  return lines.flatMap((line) => {
    const calls = [...line.matchAll(/npm run (?:--silent )?([\w:]+)([^`|#]*)/g)]
    const rest = line.startsWith(`| \`npm run ${name}`) ? [...line.matchAll(/`(-- [^`]+|--\w[^`]*)`/g)] : []
    const given = [...calls.filter((call) => call[1] === name).map((call) => call[2]), ...rest.map((each) => each[1])]
    return given.flatMap((text) => optionsIn(text ?? ''))
  })
}

/** What the examples of its own help give it. */
function exampleOptions(help: string): readonly string[] {
  return optionsIn(help.slice(help.indexOf('\nExamples:')))
}

function optionsIn(text: string): readonly string[] {
  return text.match(/--\w[\w-]*/g) ?? []
}
