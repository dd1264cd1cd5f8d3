import { join } from 'node:path'
import { expect, it } from 'vitest'
import { changeLine, changesBetween } from '../../../src/deploy/stack/changes.ts'
import { root } from '../../architecture/repository.ts'
import { AwsAccount } from '../aws-account.ts'
import { aBundle, deployCommand } from '../deploying.ts'

const definition = { function: join(root, 'examples/aws/scar-yolo-video.yaml'), name: 'yolo-video' }

it('says that all is new where there is no stack', async () => {
  await AwsAccount.start()

  const { out } = await deployCommand({ ...definition, diff: true }, { bundle: aBundle(), env: {} })

  expect(out).toBe('there is no stack yolo-video: everything would be made')
})

it('says what would change, and changes nothing', async () => {
  const { account } = await AwsAccount.start()
  const bundle = aBundle()
  await deployCommand(definition, { bundle })
  const before = account.changes.length
  const diff = { ...definition, diff: true }

  const same = await deployCommand(diff, { bundle, env: {} })
  const other = await deployCommand({ ...diff, memory: '1024' }, { bundle: aBundle('// newer\n'), env: {} })
  const asJson = await deployCommand({ ...diff, memory: '1024', json: true }, { bundle, env: {} })

  expect(same.out).toBe('nothing would change in the stack yolo-video')
  expect(other.out.split('\n')).toEqual([
    '~ Resources.Function.Properties.MemorySize: 512 -> 1024',
    '~ the code of the function, or the configuration beside it',
  ])
  expect(JSON.parse(asJson.out)).toMatchObject({ exists: true, code: false, changes: [{ kind: 'changed' }] })
  expect(account.changes.length).toBe(before)
})

it('tells of a resource that comes or goes only its name, and cuts long values', () => {
  const before = { Resources: { A: { Type: 'x' }, B: { Script: 'a'.repeat(500) } } }
  const after = { Resources: { C: { Type: 'y' }, B: { Script: 'b', Size: 1 } } }

  expect(changesBetween(before, after).map(changeLine)).toEqual([
    '- Resources.A',
    `~ Resources.B.Script: ${'a'.repeat(120)}… -> b`,
    '+ Resources.B.Size: 1',
    '+ Resources.C',
  ])
})
