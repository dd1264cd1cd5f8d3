import { describe, expect, it } from 'vitest'
import { spaceTable } from '../../src/cli/list-spaces.ts'

describe('the table of spaces', () => {
  it("is 1.0.4's to the blank", () => {
    expect(spaceTable([{ name: 'sp', id: 's1' }])).toEqual(['Name    Space ID', '------  ----------', 'sp      s1'])
  })

  it('grows with what is in it', () => {
    expect(spaceTable([{ name: 'a long name', id: '0123456789abcdef' }])).toEqual([
      'Name         Space ID',
      '-----------  ----------------',
      'a long name  0123456789abcdef',
    ])
  })

  it('is there without a space', () => expect(spaceTable([])).toEqual(['Name    Space ID', '------  ----------']))

  it('lets no name steer the terminal', () => {
    expect(spaceTable([{ name: 'a\u001b[31m\nb', id: 'x' }])[2]).toBe('a�[31m�b  x')
  })
})
