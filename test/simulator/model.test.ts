import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addBlock, type Blocks, bytesIn, cutBlocks } from '../../src/simulator/model/blocks.ts'
import { decodeFileId, encodeFileId } from '../../src/simulator/model/file-ids.ts'
import { SpaceModel } from '../../src/simulator/model/space-model.ts'
import { SpaceTree } from '../../src/simulator/model/space-tree.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { seededRandom } from '../support/simulator.ts'

const spaceId = 'f5a7000000000000000000000000000ach1978'

function setUp() {
  const clock = new FakeClock()
  const tree = new SpaceTree({
    space: { id: spaceId, name: 'Gamma' },
    providerId: 'provider',
    clock,
    random: seededRandom(1),
    delays: {
      sizeFlushMs: 10_000,
      timesFlushMs: 8_000,
      pollMs: 1_000,
      idleCutMs: 300_000,
      authCacheMs: 10_000,
      tombstoneMs: 86_400_000,
    },
    strictAtime: true,
  })
  return { clock, tree, model: new SpaceModel(tree) }
}

/** What has become visible so far, as `kind path-or-state`. */
function visible(tree: SpaceTree, from = 1): readonly string[] {
  return [...tree.log.from(from)].map(({ kind, node }) => `${kind} ${node.deleted ? 'deleted' : node.name}`)
}

describe('a deletion', () => {
  it('is told for a day, and then nothing is left of the file', async () => {
    const { clock, tree, model } = setUp()
    const fileId = model.create('a', 'x')
    await clock.advance(20_000)
    model.remove('a')
    await clock.advance(86_000_000)
    expect(visible(tree)).toContain('meta deleted')

    await clock.advance(1_000_000)
    model.create('b', 'x')
    model.remove('b')

    expect(visible(tree)).not.toContain('meta deleted')
    expect(model.pathOf(fileId)).toBeNull()
  })
})

describe('a directory', () => {
  it('lists in the order of bytes, whatever came, went and came back', () => {
    const name = fc.constantFrom('a', 'b', 'ab', 'Z', 'é', '\u{1f600}', '\uff5e')
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.boolean())), (steps) => {
        const { tree } = setUp()
        const there = new Set<string>()
        for (const [entry, isListed] of steps) {
          const node = tree.root.children?.get(entry)
          if (node === undefined || node === null) tree.create(tree.root, entry, 'REG')
          else tree.remove(node)
          if (!there.delete(entry)) there.add(entry)
          if (isListed) tree.root.children?.sorted()
        }

        const listed = tree.root.children?.sorted().map(({ displayName }) => displayName)

        expect(listed).toEqual([...there].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
      }),
    )
  })
})

describe('the order of what becomes visible', () => {
  it('shows a new file with all documents at the next look, in any order', async () => {
    const { clock, tree, model } = setUp()
    model.create('a')

    await clock.advance(999)
    expect(visible(tree)).toEqual([])
    await clock.advance(1)

    expect(visible(tree).toSorted()).toEqual(['location a', 'meta a', 'times a'])
  })

  it('is looked at again at once while there is something to see', async () => {
    const { clock, tree, model } = setUp()
    const shown: number[] = []
    const from = clock.now()
    tree.log.follow(() => shown.push(clock.now() - from))
    for (let made = 0; made < 200; made++) {
      model.create(`f${made}`)
      await clock.advance(10)
    }
    await clock.advance(5_000)
    expect([...new Set(shown)].slice(0, 3)).toEqual([1_000, 1_010, 1_020])
    expect(shown.length).toBeGreaterThan(100)

    const before = shown.length
    model.create('late')
    await clock.advance(999)
    expect(shown.length).toBe(before)
    await clock.advance(1)

    expect(shown.length).toBe(before + 1)
  })

  it('shows 5,000 changes at a look, 200 at a time, and goes on with the next look', async () => {
    const { clock, tree, model } = setUp()
    for (let made = 0; made < 4_000; made++) model.create(`f${made}`)
    const shown: number[] = []
    tree.log.follow(() => shown.push(tree.log.visible))
    await clock.advance(1_000)
    expect(shown).toEqual(Array.from({ length: 25 }, (_, index) => (index + 1) * 200))
    expect(visible(tree)).toHaveLength(5_000)
    await clock.advance(10)
    expect(shown.at(-1)).toBe(10_000)

    await clock.advance(10)

    expect(shown.at(-1)).toBe(tree.log.current)
    expect(new Set(visible(tree)).size).toBe(3 * 4_000)
  })

  it('shows times as they are written, one after the other, each as it is then', async () => {
    const { clock, tree, model } = setUp()
    for (let made = 0; made < 1_000; made++) model.create(`f${made}`)
    await clock.advance(20_000)
    const last = tree.log.current
    const timesSince = (number: number) => visible(tree, number + 1).filter((each) => each.startsWith('times f'))
    for (let made = 0; made < 1_000; made++) model.setTimes(`f${made}`, { mtime: 1 })
    await clock.advance(7_999)
    expect(tree.log.current).toBe(last)

    await clock.advance(1)
    expect(tree.log.current - last).toBe(50)
    model.setTimes('f0', { mtime: 2 })
    model.setTimes('f998', { mtime: 2 })
    model.remove('f999')
    await clock.advance(2_000)

    expect(timesSince(last)).toHaveLength(999)
    const then = tree.log.current
    await clock.advance(10_000)
    expect(timesSince(then)).toEqual(['times f0'])
  })

  it('shows times before their time where they are many', async () => {
    const { clock, tree, model } = setUp()
    for (let made = 0; made < 10_000; made++) model.create(`f${made}`)
    await clock.advance(20_000)
    const last = tree.log.current
    const times = () => visible(tree, last + 1).filter((each) => each.startsWith('times')).length
    for (let made = 0; made < 9_999; made++) model.setTimes(`f${made}`, { mtime: 1 })
    await clock.advance(2_000)
    expect(times()).toBe(0)

    model.setTimes('f9999', { mtime: 1 })
    await clock.advance(2_000)

    expect(times()).toBe(10_000)
  })

  it('shows a growing size at once, then every ten seconds, and its mtime every eight', async () => {
    const { clock, tree, model } = setUp()
    model.create('a')
    await clock.advance(20_000)
    const seen: string[] = []
    let last = tree.log.current

    for (let second = 0; second < 24; second++) {
      model.write('a', 100)
      await clock.advance(1_000)
      for (const change of visible(tree, last + 1)) seen.push(`${second + 1} ${change}`)
      last = tree.log.visible
    }

    const ofFile = seen.filter((line) => line.endsWith(' a'))
    // One write a second; a flush shows at the next look, a second later.
    expect(ofFile.filter((line) => line.includes('location'))).toEqual([
      '1 location a',
      '11 location a',
      '21 location a',
    ])
    expect(ofFile.filter((line) => line.includes('times'))).toEqual(['9 times a', '17 times a'])
  })

  it('shows the size without delay when the file is closed', async () => {
    const { clock, tree, model } = setUp()
    model.create('a')
    model.write('a', 1)
    await clock.advance(2_000)
    const last = tree.log.current

    model.write('a', 1)
    model.sync('a')
    await clock.advance(1_000)

    expect(visible(tree, last + 1)).toContain('location a')
  })

  it('shows readers by id everything at once', () => {
    const { model } = setUp()
    model.create('a')

    model.write('a', 5)

    expect(model.stat('a')).toMatchObject({ size: 5, localRate: 1 })
  })

  it('compacts: of each document only the newest change is there', async () => {
    const { clock, tree, model } = setUp()
    model.create('a')
    for (let mode = 0; mode < 5_000; mode++) model.chmod('a', 0o600 + (mode % 8))
    await clock.advance(60_000)

    expect(visible(tree).filter((line) => line === 'meta a')).toHaveLength(1)
  })

  it('shows nothing of a deleted file but its deletion', async () => {
    const { clock, tree, model } = setUp()
    model.create('a', 'hello')
    model.write('a', 'more')
    model.remove('a')

    await clock.advance(60_000)

    expect(visible(tree).filter((line) => line.startsWith('meta'))).toEqual(['meta deleted'])
  })

  it('moves a deleted directory to the trash, and empties that later', async () => {
    const { clock, tree, model } = setUp()
    model.mkdir('in/sub')
    const file = model.create('in/sub/a')

    model.remove('in')
    expect(model.stat('in')).toBeNull()
    expect(tree.find(file)).not.toBeNull()
    await clock.advance(5_000)

    expect(tree.find(file)).toBeNull()
    expect(visible(tree).filter((line) => line === 'meta deleted')).toHaveLength(3)
  })
})

describe('the model', () => {
  it('keeps the id over renames, and replaces what is in the way', () => {
    const { model } = setUp()
    const id = model.create('a.part', 'new')
    model.create('a', 'old')

    model.move('a.part', 'a')

    expect(model.stat('a')?.fileId).toBe(id)
    expect(model.list('')).toEqual(['a'])
    expect(model.pathOf(id)).toBe('a')
  })

  it('counts what is held here', () => {
    const { model } = setUp()
    model.create('a', 100)

    model.evict('a')
    expect(model.stat('a')?.localRate).toBe(0)
    model.replicate('a')
    expect(model.stat('a')?.localRate).toBe(1)
    model.write('a', 100, 200)
    expect(model.stat('a')?.localRate).toBeCloseTo(2 / 3)
  })

  it('keeps size, mtime and ctime as the system calls do', async () => {
    const { clock, model } = setUp()
    const start = Math.floor(clock.now() / 1_000)
    model.create('a', 'x')
    await clock.advance(10_000)

    model.setTimes('a', { mtime: 5 })

    expect(model.stat('a')).toMatchObject({ mtime: 5, ctime: start + 10 })
  })

  it.each(['', '..', 'a\0b', 'x'.repeat(256)])('refuses the name %j', (name) => {
    const { model, tree } = setUp()

    expect(() => tree.create(tree.root, name, 'REG')).toThrow(/einval|enametoolong/)
    expect(model.list('')).toEqual([])
  })

  it('refuses what the file system refuses', () => {
    const { model } = setUp()
    model.create('file')
    model.mkdir('dir/sub')

    expect(() => model.create('file')).toThrow('eexist')
    expect(() => model.create('none/file')).toThrow('enoent')
    expect(() => model.create('file/below')).toThrow('enotdir')
    expect(() => model.write('dir', 'x')).toThrow('eisdir')
    expect(() => model.move('dir', 'dir/sub/dir')).toThrow('einval')
    expect(() => model.remove('')).toThrow('eperm')
  })
})

describe('blocks', () => {
  const ranges = fc.array(fc.tuple(fc.boolean(), fc.nat(40), fc.integer({ min: 1, max: 15 })), { maxLength: 20 })

  it('hold the bytes that a set of single bytes would hold, sorted and apart', () => {
    fc.assert(
      fc.property(ranges, (steps) => {
        const blocks = steps.reduce<Blocks>(
          (held, [add, offset, length]) => (add ? addBlock(held, offset, length) : cutBlocks(held, offset, length)),
          [],
        )
        const bytes = steps.reduce<ReadonlySet<number>>((held, [add, offset, length]) => {
          const range = new Set(Array.from({ length }, (_, index) => offset + index))
          return add ? held.union(range) : held.difference(range)
        }, new Set())

        expect(blocks.flatMap(([offset, length]) => Array.from({ length }, (_, index) => offset + index))).toEqual(
          [...bytes].toSorted((a, b) => a - b),
        )
        expect(bytesIn(blocks)).toBe(bytes.size)
      }),
    )
  })
})

describe('file ids', () => {
  it('have the layout of CDMI object ids', () => {
    const id = encodeFileId('abc', spaceId)

    expect(id).toMatch(/^0000000000[0-9A-F]{2}[0-9A-F]{4}/)
    expect(Number.parseInt(id.slice(10, 12), 16)).toBe(id.length / 2)
    expect(Buffer.from(id.slice(16), 'hex').toString()).toBe(`guid#abc#${spaceId}`)
    expect(decodeFileId(id)).toEqual({ uuid: 'abc', spaceId })
  })

  it.each([
    '',
    'abc',
    spaceId,
    encodeFileId('abc', spaceId).toLowerCase(),
    encodeFileId('abc', spaceId).replace(/..$/, '00'),
  ])('are not what %j is', (text) => {
    expect(decodeFileId(text)).toBeNull()
  })
})
