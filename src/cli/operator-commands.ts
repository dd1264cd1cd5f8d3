import type { Command } from 'commander'
import type { Io } from './io.ts'
import type { Finish } from './program.ts'

/** Commands that look into a running instance, or change what it owes: they work on its database beside it. */
export function addOperatorCommands(program: Command, io: Io, finish: Finish): void {
  addDeliveries(program, io, finish)
  addTargets(program, io, finish)
  withStoreFlags(program.command('explain'))
    .description('Say why a file fired, or why not yet: the evidence, the clock, the veto, each delivery')
    .argument('<path>', 'path of the file: /Space/folder/file, or inside the space')
    .addHelpText('after', '\nExample:\n  onetrigger explain /my-space/incoming/video.avi --config onetrigger.yaml')
    .action(async (path, flags) => finish(await (await import('./explain.ts')).explainPath(path, flags, io)))
  withStoreFlags(program.command('backup'))
    .description('Copy the database while it is in use')
    .argument('<file>', 'where the copy goes')
    .option('--force', 'replace what is there')
    .addHelpText(
      'after',
      '\nExample:\n  onetrigger backup /backup/onetrigger.db --store /var/lib/onetrigger/onetrigger.db',
    )
    .action(async (path, flags) => finish(await (await import('./backup.ts')).backUp(path, flags, io)))
}

function addDeliveries(program: Command, io: Io, finish: Finish): void {
  const deliveries = program
    .command('deliveries')
    .description('List, show, replay or discard deliveries of a running instance')
    .addHelpText('after', deliveryExamples)
  withFilters(withStoreFlags(deliveries.command('list')))
    .description('List deliveries, newest first')
    .option('--limit <n>', 'show at most so many', '50')
    .action(async (flags) => finish(await (await import('./deliveries.ts')).listDeliveries(flags, io)))
  withStoreFlags(deliveries.command('show'))
    .description('Print everything that is known of one delivery')
    .argument('<id>', 'id of the delivery, which receivers see as webhook-id')
    .action(async (id, flags) => finish(await (await import('./deliveries.ts')).showDelivery(id, flags, io)))
  withFilters(withStoreFlags(deliveries.command('replay')))
    .description('Owe dead or delivered ones again, under the ids they have')
    .argument('[ids...]', 'ids of deliveries; or use filters')
    .option('--rerun', 'under new ids, so that receivers and job queues do the work again')
    .option('--yes', 'do it for all that the filters find')
    .action(async (ids, flags) => {
      finish(await (await import('./deliveries.ts')).changeDeliveries('replay', ids, flags, io))
    })
  withFilters(withStoreFlags(deliveries.command('discard')))
    .description('Give dead or owed ones up for good')
    .argument('[ids...]', 'ids of deliveries; or use filters')
    .option('--yes', 'do it for all that the filters find')
    .action(async (ids, flags) => {
      finish(await (await import('./deliveries.ts')).changeDeliveries('discard', ids, flags, io))
    })
}

const deliveryExamples = `
Examples:
  onetrigger deliveries list --state dead --config onetrigger.yaml
  onetrigger deliveries show dlv_… --store /var/lib/onetrigger/onetrigger.db
  onetrigger deliveries replay --state dead --target hook --newer-than 2d --yes
  onetrigger deliveries replay --rerun dlv_…`

function addTargets(program: Command, io: Io, finish: Finish): void {
  const targets = program.command('targets').description('List, test or enable targets')
  withStoreFlags(targets.command('list'))
    .description('Print what each target is owed, and whether it is in service')
    .action(async (flags) => finish(await (await import('./targets.ts')).showTargets(flags, io)))
  withStoreFlags(targets.command('test'))
    .description(
      'Send a sample event as real ones are sent, which starts what they start; exit code 0 when it was taken',
    )
    .argument('<name>', 'name of the target')
    .action(async (name, flags) => finish(await (await import('./targets.ts')).tryTarget(name, flags, io)))
  withStoreFlags(targets.command('enable'))
    .description('Put a disabled target back into service')
    .argument('<name>', 'name of the target')
    .action(async (name, flags) => finish(await (await import('./targets.ts')).putBack(name, flags, io)))
}

/** How a running instance is named: by its configuration, which may stand in the environment, or by its store alone. */
function withStoreFlags(command: Command): Command {
  return command
    .option('--config <file>', 'configuration of the running instance (env: ONETRIGGER_CONFIG)')
    .option(
      '--store <file>',
      'its database, where there is no configuration: a file, postgres or dynamodb:TABLE (env: ONETRIGGER_STORE)',
    )
    .option('--json', 'print JSON')
}

function withFilters(command: Command): Command {
  return command
    .option('--target <name>', 'only of this target')
    .option('--trigger <name>', 'only of this trigger')
    .option('--state <state>', 'only owed, delivered, dead or discarded ones')
    .option('--older-than <duration>', 'only those made longer ago, as 2h')
    .option('--newer-than <duration>', 'only those made since, as 3d')
    .option('--path <glob>', 'only of files like this: on the path inside the space, or on the name')
}
