import type { Flags } from '../config/given.ts'
import type { Space } from '../core/source.ts'
import { configure } from './configuration.ts'
import { connectDeps } from './connect-deps.ts'
import type { Io } from './io.ts'
import { printable } from './printable.ts'

/** `onetrigger list-spaces`: 1.0.4's table, or JSON. With a configuration file, the spaces of every source in it. */
export async function listSpaces(flags: Flags, io: Io): Promise<number> {
  const { config, log } = configure(flags, io, 'sources')
  const { spacesOf } = await import('../app/connect.ts')
  const found = await spacesOf(config, connectDeps(log))
  if (flags.json === true) {
    const rows = found.flatMap(({ source, spaces }) => spaces.map(({ id, name }) => ({ source, name, spaceId: id })))
    io.print(JSON.stringify(rows))
    return 0
  }
  for (const { source, spaces } of found) {
    if (found.length > 1) io.print(`${source}:`)
    for (const line of spaceTable(spaces)) io.print(line)
  }
  return 0
}

/** Two columns, with header and dashes two wider than the header at least, as Python's tabulate made them for 1.0.4. */
export function spaceTable(spaces: readonly Space[]): readonly string[] {
  const rows = spaces.map(({ id, name }) => [printable(name), printable(id)] as const)
  const widths = (['Name', 'Space ID'] as const).map((title, column) =>
    Math.max(title.length + 2, ...rows.map((row) => [...(row[column] ?? '')].length)),
  )
  const [nameWidth = 0, idWidth = 0] = widths
  const line = (name: string, id: string) => `${name}${' '.repeat(nameWidth - [...name].length)}  ${id}`
  return [
    line('Name', 'Space ID'),
    line('-'.repeat(nameWidth), '-'.repeat(idWidth)),
    ...rows.map(([name, id]) => line(name, id)),
  ]
}
