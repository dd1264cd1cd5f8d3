import type { Command } from 'commander'
import type { Io } from './io.ts'
import type { Finish } from './program.ts'

/** `onetrigger deploy aws` with its options. */
export function addDeploy(program: Command, io: Io, finish: Finish): void {
  const deploy = program.command('deploy').description('Run OneTrigger in a cloud, without a machine of your own')
  deploy
    .command('aws')
    .description('Make or change one CloudFormation stack: a scheduled function, its table, secrets, rights and alarms')
    .option('--config <file>', 'configuration to deploy (env: ONETRIGGER_CONFIG)')
    .option(
      '--function <file>',
      'function definition of SCAR or OSCAR: its job and trigger are made too; FILE#NAME of several',
    )
    .option('--name <name>', 'name of stack, function and table', 'onetrigger')
    .option('--every <duration>', 'how often it looks, in whole minutes', '1m')
    .option('--timeout <duration>', 'longest run, at most 15m', '5m')
    .option('--memory <mib>', 'memory of the function, which its share of a processor goes by', '512')
    .option('--architecture <name>', 'arm64, or the dearer x86_64', 'arm64')
    .option('--log-days <n>', 'days that the log is kept', '30')
    .option('--alarm-topic <arn>', 'SNS topic that is told of alarms; without one they only show')
    .option('--bucket <name>', 'S3 bucket through which the code goes; by default it is put into the function directly')
    .option('--region <region>', 'AWS region; by default AWS_REGION or the profile decides')
    .option('--dry-run', 'print the template; asks AWS for nothing and needs no secret')
    .option('--diff', 'print what would change; exit code 0 either way. Values of secrets are not compared')
    .option('--destroy', 'remove the stack and its secrets; the table with the state is kept')
    .option('--keep-data', 'with --destroy: keep the table (the default)')
    .option('--delete-data', 'with --destroy: remove the table too')
    .option('--yes', 'with --destroy: do it; without, only say what would be removed')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (flags) => finish(await (await import('./deploy.ts')).deployAws(flags, io)))
}

const examples = `
Examples:
  onetrigger deploy aws --config onetrigger.yaml --dry-run
  onetrigger deploy aws --config onetrigger.yaml --region us-east-1
  onetrigger deploy aws --function scar-yolo-video.yaml --region us-east-1
  onetrigger deploy aws --destroy --yes

Credentials and endpoint come as AWS' own tools take them: environment, profiles, roles. Secrets that the configuration names are read here, and put into
Secrets Manager; no template holds them.`
