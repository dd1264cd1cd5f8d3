import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createProgram } from '../../../src/cli/program.ts'
import { silentIo } from '../../support/silent-io.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { AwsAccount } from '../aws-account.ts'
import { aBundle, canary, deployCommand } from '../deploying.ts'

/** A configuration with secrets here and in AWS; the one of its webhook lies in a file. */
function aConfiguration({ isSigned }: { readonly isSigned: boolean }): string {
  const folder = tempDir()
  const [file, secret] = [join(folder, 'onetrigger.yaml'), join(folder, 'secret')]
  writeFileSync(secret, 'canary-of-a-file\n')
  writeFileSync(
    file,
    `
sources: { datahub: { type: onedata, host: provider.example.org, token: { env: ONEDATA_ACCESS_TOKEN } } }
triggers: { uploads: { watch: { source: datahub, space: Gamma, folder: in }, deliver: [hook] } }
targets:
  hook:
    type: webhook
    url: { arn: "arn:aws:ssm:us-east-1:123456789012:parameter/hook" }
    ${isSigned ? `secret: { file: ${JSON.stringify(secret)} }` : ''}
`,
  )
  return file
}

it('puts secrets of this machine into AWS, and leaves those that lie there', async () => {
  const { account } = await AwsAccount.start()

  const { out, failure } = await deployCommand({ config: aConfiguration({ isSigned: true }) }, { bundle: aBundle() })

  expect(failure).toBeNull()
  expect(out).toContain('2 secrets changed')
  expect([...account.secrets].map(([name, { value, owner }]) => [name, value, owner])).toEqual([
    ['onetrigger/sources.datahub.token', canary, 'onetrigger'],
    ['onetrigger/targets.hook.secret', 'canary-of-a-file', 'onetrigger'],
  ])
})

it('removes a secret that the configuration names no longer', async () => {
  const { account } = await AwsAccount.start()
  const bundle = aBundle()
  await deployCommand({ config: aConfiguration({ isSigned: true }) }, { bundle })

  const { err } = await deployCommand({ config: aConfiguration({ isSigned: false }) }, { bundle })

  expect(err).toContain('removing a secret that nothing uses any more')
  expect([...account.secrets.keys()]).toEqual(['onetrigger/sources.datahub.token'])
})

it('takes no secret as an argument, which others could see in the list of processes', () => {
  const deploy = createProgram('', silentIo, () => {}).commands.find((command) => command.name() === 'deploy')
  const flags = deploy?.commands.flatMap(({ options }) => options.map(({ long }) => long ?? '')) ?? []

  expect(flags).toContain('--config')
  expect(flags.filter((flag) => /token|secret|password|key/.test(flag))).toEqual([])
})
