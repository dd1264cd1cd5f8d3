import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { withFile } from '../config/load-input.ts'
import { tempDir } from '../support/temp-dir.ts'
import { textOf } from './rules.ts'

const unit = textOf('deploy/systemd/onetrigger.service')
const example = textOf('deploy/systemd/etc/onetrigger.yaml')

/** What a directive of the unit is set to, in every line. */
function valuesOf(directive: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${directive}=(.*)$`, 'gm'))].map((match) => match[1] ?? '')
}

describe('the example of /etc/onetrigger', () => {
  it('is in order, once its token is there', () => {
    const token = join(tempDir(), 'token')
    writeFileSync(token, 'token-value')

    const config = loadConfig(withFile(example.replace(/file: \S+/, `file: ${token}`), { env: {} }))

    expect(config.triggers.map(({ name }) => name)).toEqual(['videos'])
  })

  it('takes its secrets from what the unit hands over', () => {
    const read = [...example.matchAll(/file: \/run\/credentials\/onetrigger\.service\/([\w-]+)/g)].map(
      (match) => match[1],
    )

    expect(read).toEqual(valuesOf('LoadCredential').map((value) => value.split(':')[0]))
    expect(example.match(/file:/g)).toHaveLength(read.length)
  })

  it('keeps its database where the unit lets it write', () => {
    expect(example).toContain(`path: /var/lib/${valuesOf('StateDirectory')[0]}/`)
  })
})

describe('the unit for systemd', () => {
  it('reads the configuration that the example is of, and is told by SIGHUP when that has changed', () => {
    expect(valuesOf('ExecStart')).toEqual(['/usr/local/bin/onetrigger run --config /etc/onetrigger/onetrigger.yaml'])
    expect(valuesOf('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID'])
  })

  it('gives a user without a home one, for Node asks for it', () => {
    expect(valuesOf('Environment')).toEqual([`HOME=/var/lib/${valuesOf('StateDirectory')[0]}`])
  })

  it('leaves V8 the right to compile, and says why', () => {
    expect(valuesOf('MemoryDenyWriteExecute')).toEqual([])
    expect(unit).toMatch(/^# MemoryDenyWriteExecute=.*V8/m)
  })
})
