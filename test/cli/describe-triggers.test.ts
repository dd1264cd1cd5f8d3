import { describe, expect, it } from 'vitest'
import { describeTriggers } from '../../src/cli/describe-triggers.ts'
import { loadConfig } from '../../src/config/load.ts'
import { aFile, withFile } from '../config/load-input.ts'

describe('a trigger in words', () => {
  it('says what is watched, when a file is complete and who is told', () => {
    const config = loadConfig(withFile(aFile()))

    expect(describeTriggers(config)).toEqual([
      'trigger video',
      '  watches   space "Gamma" at source datahub (onedata)',
      '  complete  when it has not changed for 20s',
      '  before    files from before the first start do not fire',
      '  changes   new content of a file fires again',
      '  tells     hook (webhook)',
      '',
    ])
  })

  it('says what else is asked for', () => {
    const trigger = [
      '    completion: { marker: "{name}.ok", xattr: state=ready, declaredSize: size }',
      '    existing: since:2026-01-01',
      '    revisions: once',
      '    deliverStalled: [hook]',
    ].join('\n')
    const text = aFile({ trigger }).replace(
      'space: Gamma',
      'space: Gamma, folder: in, include: ["*.a", "*.b"], exclude: [x]',
    )

    expect(describeTriggers(loadConfig(withFile(text)))).toEqual([
      'trigger video',
      '  watches   folder "in" of space "Gamma" at source datahub (onedata)',
      '  only      *.a, *.b',
      '  without   x',
      '  complete  when {name}.ok lies beside it and its attribute state is ready and it has the size that its attribute size declares',
      '  before    files changed since 2026-01-01T00:00:00.000Z fire',
      '  changes   a file fires once only',
      '  tells     hook (webhook)',
      '  stalled   hook (webhook)',
      '',
    ])
  })
})
