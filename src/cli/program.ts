import { Command, Option } from 'commander'
import { settings } from '../config/settings.ts'
import { expandFlags } from './abbreviations.ts'
import { addDeploy } from './deploy-command.ts'
import type { Io } from './io.ts'
import { addOperatorCommands } from './operator-commands.ts'

/** What a command came to: the exit code of the process. */
export type Finish = (code: number) => void

/**
 * Runs the command that `args` name and resolves with its exit code. Rejects with commander's error for help, version and wrong usage, and with
 * whatever the command rejects with. Commands are imported when they are run, so that help and version come at once.
 */
export async function runProgram(args: readonly string[], version: string, io: Io): Promise<number> {
  let code = 0
  const program = createProgram(version, io, (result) => {
    code = result
  })
  await program.parseAsync(withFullFlags(program, args), { from: 'user' })
  return code
}

/** The command line as it is documented. */
export function createProgram(version: string, io: Io, finish: Finish): Command {
  const program = new Command('onetrigger')
    .description('Starts your processing when a file has really arrived in an Onedata space.')
    .version(`version ${version}`, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help; every command has its own')
    .configureOutput({
      writeOut: (text) => io.print(text.trimEnd()),
      writeErr: io.writeError,
      outputError: (text, write) => write(withoutValue(text)),
    })
    .addHelpText('after', programExamples)
    .exitOverride()
  addRun(program, io, finish)
  addListSpaces(program, io, finish)
  addCheck(program, io, finish)
  addOperatorCommands(program, io, finish)
  addDeploy(program, io, finish)
  addDemo(program, io, finish)
  addSimulate(program, io, finish)
  addSchema(program, io, finish)
  for (const command of program.commands) {
    for (const each of [command, ...command.commands]) {
      const name = each === command ? command.name() : `${command.name()} ${each.name()}`
      each.showHelpAfterError(`usage: onetrigger ${name} ${each.usage()} (-h tells more)`)
    }
  }
  return program.showHelpAfterError('usage: onetrigger <command> [options] (-h tells more)')
}

/** An unknown flag is told with what stood behind it, and that may be a token: the flag alone will do. */
function withoutValue(text: string): string {
  return text.replace(/^(error: unknown option '(?:--[^=]*|-[^-])).*?'(\n\(Did you mean [^\n]*\))?\n$/s, "$1'$2\n")
}

const programExamples = `
Examples:
  onetrigger demo                                   see it at work, with nothing but this program
  onetrigger list-spaces -H PROVIDER                the spaces that a token sees
  onetrigger run -H PROVIDER -s SPACE -f FOLDER -w https://example.org/hook
  onetrigger run --config onetrigger.yaml           many triggers
  onetrigger check --config onetrigger.yaml --connect
  onetrigger explain /SPACE/FOLDER/FILE             why a file fired, or why not yet

The token is best given as ONEDATA_ACCESS_TOKEN. Every flag of run has a variable; a flag wins over it.
Exit codes: 0 done, 1 failure, 2 the command line could not be understood.`

function addRun(program: Command, io: Io, finish: Finish): void {
  const command = program
    .command('run')
    .description('Watch, and tell of complete files, until SIGINT or SIGTERM')
    .addHelpText('after', runExamples)
  addSettings(command, false)
  command.action(async (flags) => finish(await (await import('./run.ts')).run(flags, io)))
}

const runExamples = `
Examples:
  ONEDATA_ACCESS_TOKEN=… onetrigger run -H PROVIDER -s my-space -f incoming -w https://example.org/hook
  onetrigger run -H PROVIDER -s my-space -w https://example.org/hook --include "*.avi,*.mp4" --stable-for 1m
  onetrigger run --config /etc/onetrigger.yaml --listen 0.0.0.0:8080

ONEDATA_ACCESS_TOKEN_FILE and ONETRIGGER_WEBHOOK_FILE name files with the token and the URL.
Durations are written 500ms, 20s, 10m, 2h or 3d. SIGHUP reads the file of --config again.`

function addListSpaces(program: Command, io: Io, finish: Finish): void {
  const command = program
    .command('list-spaces')
    .description('Print the spaces that the token sees')
    .addHelpText('after', '\nExample:\n  ONEDATA_ACCESS_TOKEN=… onetrigger list-spaces -H PROVIDER')
  addSettings(command, true)
  command
    .option('--json', 'print JSON')
    .action(async (flags) => finish(await (await import('./list-spaces.ts')).listSpaces(flags, io)))
}

function addCheck(program: Command, io: Io, finish: Finish): void {
  const command = program
    .command('check')
    .description('Look for problems in the configuration, and say in words what would be watched')
    .addHelpText('after', '\nExample:\n  onetrigger check --config onetrigger.yaml --connect')
  addSettings(command, false)
  command
    .option('--connect', 'look too whether providers, spaces and targets can be reached; sends no event')
    .option('--json', 'print JSON')
    .action(async (flags) => finish(await (await import('./check.ts')).check(flags, io)))
}

function addDemo(program: Command, io: Io, finish: Finish): void {
  program
    .command('demo')
    .description('Show everything at work: a pretend provider, uploads and a receiver, all embedded')
    .option('--once', 'end when the scenario is through: exit code 0 if nothing was lost, early or doubled')
    .addHelpText('after', '\nExample:\n  onetrigger demo --once')
    .action(async (flags) => finish(await (await import('./embedded.ts')).runDemo(flags, io)))
}

function addSimulate(program: Command, io: Io, finish: Finish): void {
  program
    .command('simulate')
    .description('Run a pretend Oneprovider until SIGINT or SIGTERM, for trying and testing')
    .option('--provider-version <version>', 'generation to be: 18.02, 20.02, 21.02.3, 21.02.8 or 25.0', '25.0')
    .option('--host <address>', 'address to listen on; 0.0.0.0 = all of this machine or container', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 = any free one', '0')
    .option('--tls', 'speak HTTPS, with a certificate of its own making')
    .option('--space <name>', 'name of the space', 'Gamma')
    .option('--token <token>', 'token to accept; one is made up where none is given')
    .option('--scenario <name>', 'play what the tests play')
    .option('--json', 'print one line of JSON: url, host, token, space, spaceId, caFile')
    .addHelpText('after', '\nExample:\n  onetrigger simulate --provider-version 21.02.8 --space demo')
    .action(async (flags) => finish(await (await import('./embedded.ts')).runSimulate(flags, io)))
}

function addSchema(program: Command, io: Io, finish: Finish): void {
  program
    .command('schema')
    .description('Print the JSON Schema of onetrigger.yaml, with which editors complete and check')
    .addHelpText('after', '\nExample:\n  onetrigger schema > onetrigger.schema.json')
    .action(async () => {
      const { configJsonSchema } = await import('../config/schema.ts')
      io.print(JSON.stringify(configJsonSchema(), null, 2))
      finish(0)
    })
}

/** Flags of the settings, each with its variable in the help. Precedence is decided in the configuration, so commander knows no defaults. */
function addSettings(command: Command, forListSpaces: boolean): void {
  command.option('--config <file>', 'configuration file with any number of triggers (env: ONETRIGGER_CONFIG)')
  for (const setting of settings.filter(({ listSpaces }) => !forListSpaces || listSpaces === true)) {
    const option = new Option(setting.flags, `${setting.about} (env: ${setting.env})`)
    if (setting.key === 'include' || setting.key === 'exclude') {
      option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])
    }
    command.addOption(option)
  }
}

function withFullFlags(program: Command, args: readonly string[]): readonly string[] {
  const command = program.commands.find((each) => each.name() === args[0])
  return command === undefined ? args : [command.name(), ...expandFlags(args.slice(1), command)]
}
