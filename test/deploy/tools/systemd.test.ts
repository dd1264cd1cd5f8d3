import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tempDir } from '../../support/temp-dir.ts'
import { textOf } from '../rules.ts'
import { runTool } from './tool.ts'

const unit = textOf('deploy/systemd/onetrigger.service')
const program = '/usr/local/bin/onetrigger'

/** The unit, with a program that is there whether OneTrigger is installed or not. */
function installed(text: string): string {
  const folder = tempDir()
  const stand = join(folder, 'onetrigger')
  writeFileSync(stand, '#!/bin/sh\n')
  chmodSync(stand, 0o755)
  writeFileSync(join(folder, 'onetrigger.service'), text.replace(program, stand))
  return join(folder, 'onetrigger.service')
}

describe('the unit for systemd', () => {
  it('is understood, word for word', () => {
    expect(unit).toContain(`ExecStart=${program} run --config /etc/onetrigger/onetrigger.yaml`)
    expect(runTool('systemd-analyze', ['verify', '--man=no', installed(unit)])).toEqual({ status: 0, output: '' })
  })

  it('is heard to name a setting that it does not know', () => {
    const { output } = runTool('systemd-analyze', [
      'verify',
      '--man=no',
      installed(`${unit}\n[Service]\nProtectAll=yes\n`),
    ])

    expect(output).toContain("'ProtectAll'")
  })

  it('exposes as little as a service with a network can', () => {
    const security = ['security', '--offline=yes', '--threshold=15', '--no-pager', installed(unit)]

    const { status, output } = runTool('systemd-analyze', security)

    console.log(output.split('\n').find((line) => line.includes('Overall exposure level')))
    expect(status, output).toBe(0)
  })
})
