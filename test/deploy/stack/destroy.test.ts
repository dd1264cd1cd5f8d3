import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../architecture/repository.ts'
import { AwsAccount } from '../aws-account.ts'
import { xmlError } from '../aws-stack.ts'
import { aBundle, deployCommand } from '../deploying.ts'

const definition = { function: join(root, 'examples/aws/scar-yolo-video.yaml'), name: 'yolo-video' }
const destroy = { name: 'yolo-video', destroy: true }

/** An account with the stack of the example, and the table that CloudFormation made for it. */
async function deployed(options: Parameters<typeof AwsAccount.start>[0] = {}): Promise<AwsAccount> {
  const { account } = await AwsAccount.start(options)
  await deployCommand(definition, { bundle: aBundle() })
  account.tables.set('yolo-video', { owner: 'yolo-video' })
  return account
}

it('says what it would remove, and does nothing without --yes', async () => {
  const account = await deployed()
  const before = account.changes.length

  const { out } = await deployCommand(destroy)
  const all = await deployCommand({ ...destroy, deleteData: true })

  expect(out).toBe(
    'the stack yolo-video and 2 secrets would be removed. The table yolo-video would be kept; --delete-data removes it too. Nothing was done; say --yes.',
  )
  expect(all.out).toContain('and the table yolo-video with its state would be removed. Nothing was done')
  expect(account.changes.length).toBe(before)
})

it('removes stack and secrets, and keeps the table', async () => {
  const account = await deployed()

  const { out, err } = await deployCommand({ ...destroy, yes: true })

  expect(out).toMatch(/^yolo-video: stack removed, 2 secrets removed, table kept/)
  expect(err).toContain('DELETE_IN_PROGRESS')
  expect([account.cloudFormation.state, account.secrets.size, account.tables.size]).toEqual([null, 0, 1])
})

it('removes the table, too, where it is told to, and is content with what is gone already', async () => {
  const account = await deployed()

  const first = await deployCommand({ ...destroy, yes: true, deleteData: true, json: true })
  const second = await deployCommand({ ...destroy, yes: true, deleteData: true })

  expect(JSON.parse(first.out)).toEqual({ name: 'yolo-video', stack: true, secrets: 2, table: 'removed' })
  expect(account.tables.size).toBe(0)
  expect(second.out).toBe('yolo-video: there was no stack, 0 secrets removed, there is no table')
})

it('removes secrets that a deployment left which was refused', async () => {
  const message = 'User: x is not authorized to perform: cloudformation:CreateStack on resource: y'
  const { account } = await AwsAccount.start({ answers: { CreateStack: xmlError('AccessDenied', message, 403) } })
  await deployCommand(definition, { bundle: aBundle() })

  const { out } = await deployCommand({ ...destroy, yes: true })

  expect(out).toMatch(/there was no stack, 2 secrets removed/)
  expect(account.secrets.size).toBe(0)
})

it('touches no table that somebody else made', async () => {
  const account = await deployed()
  account.tables.set('yolo-video', { owner: null })

  const { out } = await deployCommand({ ...destroy, yes: true, deleteData: true })

  expect(out).toContain('there is no table')
  expect(account.tables.size).toBe(1)
})

it('keeps the secrets of a stack that could not be removed, and says what is in the way', async () => {
  const account = await deployed({
    states: { CreateStack: ['CREATE_COMPLETE'], DeleteStack: ['DELETE_IN_PROGRESS', 'DELETE_FAILED'] },
    failures: { Network: 'The vpc has dependencies and cannot be deleted' },
  })

  const { failure } = await deployCommand({ ...destroy, yes: true })

  expect(failure).toContain('ended in DELETE_FAILED\n  Network: The vpc has dependencies and cannot be deleted\n')
  expect(account.secrets.size).toBe(2)
})

it.each([
  ['two modes', { destroy: true, diff: true }, 'give one of them'],
  ['both fates of the data', { destroy: true, keepData: true, deleteData: true }, 'give one of them'],
  ['--yes without --destroy', { yes: true }, 'belong to --destroy'],
])('refuses %s', async (_what, flags, words) => {
  expect((await deployCommand({ name: 'yolo-video', ...flags })).failure).toContain(words)
})
