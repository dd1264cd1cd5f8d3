import { expect, it } from 'vitest'
import { openProvider } from '../../../src/sources/onedata/connect.ts'
import { below, never, space, startProvider, testDeps, testOptions } from './peer.ts'

// 21.02.0 lists a whole tree with attributes, but the children of a directory with names only.
it('takes no file for something else because a listing of its directory does not tell what it is', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e']
  const peer = await startProvider('21.02.0', (asked) => {
    const route = below(asked)
    if (route.startsWith('/lookup-file-id/')) return { json: { fileId: 'IN' } }
    if (route === '/data/IN/children') return { json: { children: ids.map((id) => ({ id, name: id })), isLast: true } }
    const id = route.slice('/data/'.length)
    return { json: { file_id: id, name: id, type: 'REG', size: 1, mtime: 5, ctime: 6 } }
  })
  const provider = await openProvider(peer.url, testOptions(peer.url), testDeps(), never)
  const requests = ids.map((fileId) => ({ fileId, path: `in/${fileId}`, xattrs: [], cdmi: false, distribution: false }))

  const answers = await provider.read(space, requests, never)

  expect(answers.map(({ kind }) => kind)).toEqual(ids.map(() => 'file'))
})
