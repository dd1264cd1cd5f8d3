import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { expandFlags } from '../../src/cli/abbreviations.ts'

const command = new Command('run')
  .option('-H, --oneprovider-host <host>', '')
  .option('-i, --insecure', '')
  .option('-s, --space <space>', '')
  .option('--stable-for <duration>', '')
  .option('--store <file>', '')
  .option('--include <glob>', '')

describe('abbreviated flags', () => {
  it.each([
    [
      ['--oneprov', 'h'],
      ['--oneprovider-host', 'h'],
    ],
    [['--oneprov=h=1'], ['--oneprovider-host=h=1']],
    [
      ['--insec', '--sp', 'x'],
      ['--insecure', '--space', 'x'],
    ],
    [
      ['--space', 'x'],
      ['--space', 'x'],
    ],
    [
      ['-H', 'h', '--stab', '1s'],
      ['-H', 'h', '--stable-for', '1s'],
    ],
  ])('%j are written out', (given, written) => {
    expect(expandFlags(given, command)).toEqual(written)
  })

  it('leave values alone, whatever they look like', () => {
    expect(expandFlags(['--space', '--sto', '-s', '--sto', '--sto', 'x'], command)).toEqual([
      '--space',
      '--sto',
      '-s',
      '--sto',
      '--store',
      'x',
    ])
    expect(expandFlags(['--space=a', '--sto', 'x', '-sa', '--sto', 'x'], command)).toEqual([
      '--space=a',
      '--store',
      'x',
      '-sa',
      '--store',
      'x',
    ])
    expect(expandFlags(['--', '--sto'], command)).toEqual(['--', '--sto'])
  })

  it('that no flag begins with are left for the parser to refuse', () => {
    expect(expandFlags(['--foo', '-x'], command)).toEqual(['--foo', '-x'])
  })

  it("mean 1.0.4's flag where a newer one begins so, too", () => {
    expect(expandFlags(['--s', 'x', '--i'], command)).toEqual(['--space', 'x', '--insecure'])
  })

  it('that could be several are refused with all of them', () => {
    expect(() => expandFlags(['--st', 'x'], command)).toThrow('ambiguous option: --st could be --stable-for, --store')
  })
})
