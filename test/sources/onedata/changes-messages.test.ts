import { expect, it } from 'vitest'
import { readChange } from '../../../src/sources/onedata/changes-messages.ts'

const context = { folders: ['in'], providerId: 'p1', isDirectory: () => false }

function aChange(filePath: string): string {
  return JSON.stringify({
    fileId: 'f1',
    filePath,
    seq: 7,
    fileMeta: { rev: '2-a', deleted: false, fields: { name: 'a.bin', type: 'REG' } },
    fileLocation: { fields: { size: 5, provider_id: 'p1' } },
    times: { fields: { mtime: 1_700_000_000, ctime: 1_700_000_000 } },
  })
}

it.each(['/Gamma/in/a.bin', '/5c80d9/in/a.bin', '/Delta, as it is called now/in/a.bin', '/Gamma@5c80d9/in/a.bin'])(
  'takes %s as in/a.bin: a stream is of one space, whatever that is called by now',
  (filePath) => {
    expect(readChange(aChange(filePath), context)).toMatchObject({
      seq: 7,
      observations: [{ kind: 'file', fileId: 'f1', dir: 'in', name: 'a.bin', facts: { size: 5 } }],
    })
  },
)

it.each(['', '/', '/Gamma', 'Gamma/in/a.bin', '/Gamma/in/../a.bin', '/Gamma/in/\0'])(
  'makes nothing of %o, which is no path in a space',
  (filePath) => {
    expect(readChange(aChange(filePath), context)).toMatchObject({ seq: 7, observations: [] })
  },
)
