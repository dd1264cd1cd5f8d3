import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/core/errors.ts'
import { unthrownCodes } from './documents.ts'
import { readFiles } from './repository.ts'

const codes = Object.keys(errorCodes)

describe('error codes', () => {
  it('are all used', () => {
    const source = readFiles(['src'], ['.ts'])

    const users = [...source].filter(([path]) => path !== 'src/core/errors.ts').map(([, text]) => text)

    expect(unthrownCodes(codes, users.join('\n'))).toEqual([])
  })

  it('are all documented', () => {
    const page = [...readFiles(['docs/reference/errors.md'], ['.md']).values()].join('')

    expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([])
  })

  it('are seen to be unused where they are', () => {
    expect(unthrownCodes(['A', 'B', 'INVARIANT'], "throw new StoreError('A', 'x')\n// B\n")).toEqual(['B', 'INVARIANT'])
  })
})
