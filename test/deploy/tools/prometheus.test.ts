import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { tempDir } from '../../support/temp-dir.ts'
import { type Rule, readRules, readRuleTests } from '../rules.ts'
import { runTool } from './tool.ts'

const folder = 'deploy/prometheus'
const promtool = (...args: readonly string[]) => runTool('promtool', args, folder)

/** The cases of one alert, with another expression in its place; what promtool says. */
function withExpression(name: string, expr: string) {
  const made = tempDir()
  const group = 'onetrigger.changed'
  const rules = readRules().flatMap((rule): readonly Rule[] => {
    if ('record' in rule) return [rule]
    return rule.alert === name ? [{ ...rule, expr }] : []
  })
  const tests = readRuleTests().flatMap(({ alert, test }) => (alert === name ? [test] : []))
  writeFileSync(join(made, 'rules.yaml'), stringify({ groups: [{ name: group, rules }] }))
  writeFileSync(join(made, 'tests.yaml'), stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests }))
  return promtool('test', 'rules', join(made, 'tests.yaml'))
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
