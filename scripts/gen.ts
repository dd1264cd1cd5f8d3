// Writes docs/reference, and what of the chart is generated, from the code. `--check` writes nothing and fails where a page is not what the code says.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { createProgram } from '../src/cli/program.ts'
import { generateConfigReference } from '../src/config/reference.ts'
import { configJsonSchema } from '../src/config/schema.ts'
import { errorCodes } from '../src/core/errors.ts'
import { byHandTemplate } from '../src/deploy/template/by-hand.ts'
import { metricDeclarations } from '../src/observability/declarations.ts'
import { silentIo } from '../test/support/silent-io.ts'
import { chartPages } from './gen-chart.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const notice = '<!-- Made by `npm run gen` from the code; do not edit. -->'

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning])
  return `# Error codes\n\n${notice}\n\nA code never changes its meaning once released; the sentence beside it may.\n\n${table(['code', 'meaning'], rows)}\n`
}

function metricsPage(): string {
  const rows = Object.values(metricDeclarations).map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ])
  return `# Metrics\n\n${notice}\n\nServed as \`/metrics\` where \`--listen\` is given, with the usual \`process_…\` and \`nodejs_…\` metrics of the run time beside them.\n\n${table(['name', 'type', 'labels', 'meaning'], rows)}\n`
}

/** The help of every command, as it is printed. */
function cliPage(): string {
  let printed = ''
  const program = createProgram(
    '',
    {
      ...silentIo,
      print: (text) => {
        printed += `${text}\n`
      },
    },
    () => {},
  )
  const sections = withSubcommands(program).map((command) => {
    printed = ''
    // Else the width of the terminal would be in the page.
    command.configureHelp({ helpWidth: 100 }).outputHelp()
    return `## ${nameOf(command)}\n\n\`\`\`text\n${printed.trim()}\n\`\`\``
  })
  return ['# Command line', notice, ...sections].join('\n\n').concat('\n')
}

/** A command and everything below it, in the order of the help. */
function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)]
}

/** `onetrigger deliveries list` */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}

function configurationPage(): string {
  return generateConfigReference().replace('\n\n', `\n\n${notice}\n\n`)
}

/** The stack for those who work with CloudFormation or SAM themselves. */
function stackTemplate(): string {
  const head =
    '# Made by `npm run gen` from src/deploy/template; do not edit. How to use it: docs/how-to/deploy-aws.md\n'
  return head + stringify(byHandTemplate(), { lineWidth: 0, aliasDuplicateObjects: false })
}

const pages: Readonly<Record<string, () => string>> = {
  'docs/reference/errors.md': errorsPage,
  'docs/reference/metrics.md': metricsPage,
  'docs/reference/configuration.md': configurationPage,
  'docs/reference/cli.md': cliPage,
  'docs/reference/onetrigger.schema.json': () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  'deploy/aws/template.yaml': stackTemplate,
  ...chartPages,
}

const check = process.argv.includes('--check')
const stale: string[] = []
for (const [path, make] of Object.entries(pages)) {
  const file = join(root, path)
  const wanted = make()
  if (read(file) === wanted) continue
  stale.push(relative(root, file))
  if (check) continue
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, wanted)
}
if (check && stale.length > 0) {
  console.error(`not what the code says: ${stale.join(', ')}; run npm run gen`)
  process.exitCode = 1
} else {
  console.log(check ? 'all pages are what the code says' : `written: ${stale.join(', ') || 'nothing new'}`)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
