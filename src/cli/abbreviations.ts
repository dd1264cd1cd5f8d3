import type { Command, Option } from 'commander'
import { UsageError } from '../core/errors.ts'

/** Arguments of a command with long flags written out: as argparse did for 1.0.4, `--oneprov` is `--oneprovider-host` as long as no other flag begins so. */
export function expandFlags(args: readonly string[], command: Command): readonly string[] {
  const expanded: string[] = []
  let isValue = false
  for (const [index, arg] of args.entries()) {
    if (arg === '--' && !isValue) return [...expanded, ...args.slice(index)]
    const option: Option | undefined = isValue ? undefined : findOption(arg, command.options)
    expanded.push(option?.long?.startsWith('--') ? arg.replace(/^--[^=]*/, option.long) : arg)
    isValue = option?.required === true && !/^(--[^=]*=|-[^-].)/.test(arg)
  }
  return expanded
}

function findOption(arg: string, options: readonly Option[]): Option | undefined {
  if (/^-[^-]/.test(arg)) return options.find(({ short }) => short === arg.slice(0, 2))
  if (!arg.startsWith('--')) return undefined
  const flag = arg.replace(/=.*/s, '')
  const exact = options.find(({ long }) => long === flag)
  if (exact !== undefined) return exact
  const candidates = options.filter(({ long }) => long?.startsWith(flag))
  // 1.0.4's flags are those with a short form; what was short for one of them still is, although there are more flags now.
  const old = candidates.filter(({ short }) => short !== undefined)
  if (old.length === 1) return old[0]
  if (candidates.length > 1) {
    const names = candidates.map(({ long }) => long).join(', ')
    throw new UsageError('USAGE', `ambiguous option: ${flag} could be ${names}`)
  }
  return candidates[0]
}
