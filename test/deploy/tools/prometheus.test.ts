import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tempDir } from '../../support/temp-dir.ts'
import { readRules, textOf } from '../rules.ts'
import { runTool } from './tool.ts'

const folder = 'deploy/prometheus'
const promtool = (...args: readonly string[]) => runTool('promtool', args, folder)

/** The tests against rules in which one alert has another expression; what promtool says. */
function withExpression(alert: string, expression: string) {
  const changed = tempDir()
  const rules = textOf(`${folder}/onetrigger.rules.yaml`)
  const start = rules.indexOf('expr:', rules.indexOf(`- alert: ${alert}\n`))
  const end = /\n {8}(?:for|labels):/.exec(rules.slice(start))?.index ?? 0
  writeFileSync(
    join(changed, 'onetrigger.rules.yaml'),
    `${rules.slice(0, start)}expr: ${expression}${rules.slice(start + end)}`,
  )
  writeFileSync(join(changed, 'tests.yaml'), textOf(`${folder}/onetrigger.rules.test.yaml`))
  return promtool('test', 'rules', join(changed, 'tests.yaml'))
}

describe('promtool', () => {
  it('finds the rules in order, down to their style', () => {
    expect(promtool('check', 'rules', '--lint=all', '--lint-fatal', 'onetrigger.rules.yaml')).toMatchObject({
      status: 0,
    })
  })

  it('sees each alert fire when it must, and only then', () => {
    expect(promtool('test', 'rules', 'onetrigger.rules.test.yaml')).toMatchObject({ status: 0 })
  })

  it('finds the configuration in order, with the rules that it names', () => {
    const { status, output } = promtool('check', 'config', '--lint=all', '--lint-fatal', 'prometheus.yml')

    expect(status, output).toBe(0)
    expect(output).toContain(`${readRules().length} rules found`)
  })
})

const alerts = readRules().flatMap((rule) => ('alert' in rule ? [rule.alert] : []))

describe('the tests of the rules', () => {
  it.each(alerts)('fail where %s never fires, and where it always does', (alert) => {
    expect(withExpression(alert, 'vector(1) > 2')).toMatchObject({ status: 1 })
    expect(withExpression(alert, 'vector(1)').output).toMatch(new RegExp(`alertname: ${alert}[^]*exp:\\[\\s*\\]`))
  })
})
