import { expect, it } from 'vitest'
import { createLogger } from '../../src/observability/logger.ts'
import { storeError } from '../../src/store/dynamodb/dynamo-error.ts'

it('an error of DynamoDB keeps nothing of what was signed, and AWS quotes, but says what it was', () => {
  const quoted = Object.assign(new Error('The Canonical String should have been x-amz-security-token:canary-token'), {
    name: 'InvalidSignatureException',
  })
  const lines: string[] = []
  const log = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) })

  log.warn({ err: storeError(quoted, 'table') }, 'the store fails')

  expect(lines[0]).toContain('cannot be asked without valid credentials of AWS (InvalidSignatureException)')
  expect(lines[0]).not.toContain('canary')
})

it('an error of DynamoDB keeps what else AWS says', () => {
  const error = Object.assign(new Error('Item size has exceeded the maximum'), { name: 'ValidationException' })
  expect(storeError(error, 'table')).toMatchObject({ cause: error })
})
