import { describe, expect, it } from 'vitest'
import type { Need } from '../../../src/deploy/plan.ts'
import { byHandTemplate } from '../../../src/deploy/template/by-hand.ts'
import { commandRights, functionStatements, tableActions } from '../../../src/deploy/template/rights.ts'
import { readFiles } from '../../architecture/repository.ts'
import { aPlan } from '../plans.ts'

/** Every command of the SDK that a file of `folder` makes, `PutItemCommand`. */
function commandsIn(folder: string): readonly string[] {
  const files = [...readFiles([folder], ['.ts'])].filter(([, text]) => text.includes('@aws-sdk/'))
  const used = files
    .filter(([path]) => !path.startsWith('src/deploy/'))
    .flatMap(([, text]) => [...text.matchAll(/\b([A-Z]\w+Command)\b(?!Input|Output)/g)].map(([, name]) => name ?? ''))
  return [...new Set(used)].toSorted()
}

const needs: readonly Need[] = [
  { kind: 'lambda', function: 'a', region: null },
  { kind: 'batch', queue: 'q', definition: 'd', region: null, isTagged: true },
  { kind: 'eventbridge', bus: 'b', region: null },
  { kind: 'secret', arn: 'arn:aws:ssm:us-east-1:123456789012:parameter/x' },
  { kind: 'secret', arn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbCdEf' },
]

const granted = (plan = aPlan({ needs })) =>
  functionStatements(plan)
    .flatMap(({ actions }) => actions)
    .filter((action) => !action.startsWith('logs:'))

function rightsOf(commands: readonly string[]): readonly string[] {
  const actions = commands.flatMap((command) => {
    const right = commandRights[command]
    return right !== undefined && 'granted' in right ? right.granted : []
  })
  return [...new Set(actions)].toSorted()
}

describe('the rights of the function', () => {
  it('are known for every command of the SDK that the program makes, and for no other', () => {
    expect(commandsIn('src')).toEqual(Object.keys(commandRights).toSorted())
  })

  it('cover what the transactions of the store hold', () => {
    const source = [...readFiles(['src/store/dynamodb'], ['.ts']).values()].join('\n')
    const kinds = [...source.matchAll(/\{ (Put|Update|Delete|ConditionCheck): /g)].map(([, kind]) => kind ?? '')

    expect([...new Set(kinds)].map((kind) => `dynamodb:${kind}Item`).toSorted()).toEqual(
      rightsOf(['TransactWriteItemsCommand']),
    )
  })

  it('are what these commands need, and nothing else', () => {
    expect([...new Set(granted())].toSorted()).toEqual(rightsOf(Object.keys(commandRights)))
  })

  it('are those of a target only where there is such a target', () => {
    expect(granted(aPlan({ needs: [] }))).toEqual(tableActions)
    for (const kind of ['lambda', 'batch', 'eventbridge']) {
      const plan = aPlan({ needs: needs.filter((need) => need.kind === kind) })
      const others = granted(plan).filter((action) => !action.startsWith('dynamodb:'))

      expect([...new Set(others)].toSorted()).toEqual(rightsOf(commandsIn(`src/targets/${kind}`)))
    }
  })

  it('leave out the tags of jobs where jobs get none', () => {
    const plan = aPlan({ needs: [{ kind: 'batch', queue: 'q', definition: 'd', region: null, isTagged: false }] })

    expect(granted(plan)).not.toContain('batch:TagResource')
  })

  it('of a stack by hand are the same, and those that only such a stack has', () => {
    const text = JSON.stringify(byHandTemplate().Resources.FunctionRole)
    const byHand = Object.values(commandRights).flatMap((right) => ('byHand' in right ? right.byHand : []))

    expect(
      [...rightsOf(Object.keys(commandRights)), ...byHand].filter((action) => !text.includes(`"${action}"`)),
    ).toEqual([])
  })

  it('reach everything only where AWS knows no resources, and a reason stands beside it', () => {
    const wide = functionStatements(aPlan({ needs })).filter(({ resources }) =>
      JSON.stringify(resources).includes('"*"'),
    )

    expect(wide.map(({ actions, why }) => [actions, why !== undefined])).toEqual([
      [['batch:ListJobs', 'batch:DescribeJobs'], true],
    ])
  })

  it('name one version, alias or revision where the configuration does, else any', () => {
    const resources = (need: Need) =>
      JSON.stringify(functionStatements(aPlan({ needs: [need] })).at(need.kind === 'batch' ? -2 : -1)?.resources)

    expect(resources({ kind: 'lambda', function: 'a:live', region: null })).not.toContain('a:live:*')
    expect(resources({ kind: 'lambda', function: 'a', region: 'eu-west-1' })).toContain(
      `lambda:eu-west-1:\${AWS::AccountId}:function:a:*`,
    )
    expect(resources({ kind: 'batch', queue: 'q', definition: 'd:3', region: null, isTagged: false })).not.toContain(
      'd:3:*',
    )
  })
})
