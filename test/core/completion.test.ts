import { describe, expect, it } from 'vitest'
import { completeEventId } from '../../src/core/ids.ts'
import { FileLife } from '../support/file-life.ts'

const second = 1_000
const minute = 60_000
const hour = 3_600_000

describe('the quiet rung', () => {
  it('fires after the quiet period, on a fresh read, with the size and mtime of that read', () => {
    const file = new FileLife().write(10).tell().pass(15_000).write(20).tell()
    file.pass(20 * second - 1)
    expect(file.fires).toEqual([])

    file.pass(1)

    expect(file.fires).toMatchObject([
      {
        revision: { size: 20, mtime: file.facts.mtime },
        evidence: { rung: 'quiet', quietMs: 20_000 },
        supersedes: null,
      },
    ])
    expect(file.reads).toHaveLength(1)
    expect(file.state).toMatchObject({ phase: 'complete', wakeAt: null })
    expect(file.fires[0]?.revision.eventId).toBe(
      completeEventId({ trigger: 'default', spaceId: 'space1', fileId: 'f1', size: 20, mtime: file.facts.mtime ?? 0 }),
    )
  })

  it('begins anew when the read finds what nobody told', () => {
    const file = new FileLife().write(10).tell()
    file.pass(19 * second).write(11)

    file.pass(20 * second)
    expect(file.fires).toEqual([])
    file.pass(second)

    expect(file.fires).toMatchObject([{ revision: { size: 11 } }])
    expect(file.reads).toHaveLength(2)
  })

  it('takes no echo, attribute or older mtime for a change', () => {
    const file = new FileLife().write(10).tell()
    const mtime = file.facts.mtime ?? 0
    file
      .pass(10 * second)
      .tell()
      .tell({ mtime })
      .tell({ size: 10 })
      .tell({ mtime: mtime - 5 })
      .tell({ localRate: 1 })

    file.pass(10 * second)

    expect(file.fires).toMatchObject([{ revision: { size: 10, mtime } }])
  })

  it('begins anew with a new name', () => {
    const file = new FileLife()
      .write(10)
      .tell()
      .pass(15 * second)
      .rename('in/b.avi')
      .tell()

    file.pass(19 * second)
    expect(file.fires).toEqual([])
    file.pass(second)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'quiet' } }])
  })

  it('puts the parts of an observation together', () => {
    const file = new FileLife().write(10)
    const { size = 0, mtime = 0 } = file.facts
    file.tell({ mtime }).pass(second).tell({ size })

    file.pass(20 * second)

    expect(file.fires).toHaveLength(1)
    expect(file.reads).toHaveLength(1)
  })

  it('does not take one read for a comparison where size or mtime was never told', () => {
    const file = new FileLife().write(10).tell({ size: 10 })

    file.pass(20 * second)
    expect(file.fires).toEqual([])
    file.pass(20 * second)

    expect(file.fires).toHaveLength(1)
  })

  it('accepts an mtime that the uploader set back, once a read has shown it twice', () => {
    const file = new FileLife().write(10).tell().set({ mtime: 1_500 }).tell({ mtime: 1_500 })

    file.pass(41 * second)

    expect(file.fires).toMatchObject([{ revision: { size: 10, mtime: 1_500 } }])
  })

  it('asks again at growing intervals up to a minute while the file cannot be read', () => {
    const file = new FileLife().write(10).tell()
    file.isReadable = false
    file.pass(hour)
    const gaps = file.reads.map((at, index) => at - (file.reads[index - 1] ?? at))
    expect(file.fires).toEqual([])
    expect(file.state?.phase).toBe('settling')
    expect(Math.max(...gaps)).toBe(minute)
    expect(file.reads.length).toBeLessThan(80)

    file.isReadable = true
    file.pass(minute)

    expect(file.fires).toHaveLength(1)
  })

  it('forgets what turns out not to be a file, and knows what is gone', () => {
    expect(new FileLife().write(1).tell().step({ kind: 'notAFile' }).state).toBeNull()
    const file = new FileLife().write(1).tell()
    file.exists = false

    file.pass(20 * second)

    expect(file.state?.phase).toBe('gone')
    expect(file.fires).toEqual([])
  })
})

describe('a marker', () => {
  const policy = { completion: { marker: '{name}.done' } }

  it('is what the file waits for, however quiet it is', () => {
    const file = new FileLife(policy).write(10).tell()

    file.pass(14 * minute)

    expect(file.fires).toEqual([])
    expect(file.reads).toEqual([])
  })

  it('completes the file a moment after it came, without the quiet period', () => {
    const file = new FileLife(policy)
      .write(10)
      .tell()
      .pass(60 * second)
    file.marker = { mtime: file.second }
    file.step({ kind: 'marked' }).pass(9 * second)
    expect(file.fires).toEqual([])

    file.pass(second)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'marker' } }])
    expect(file.reads).toHaveLength(1)
  })

  it('that is older than the file, or whose age is not known, counts for nothing', () => {
    for (const mtime of [null, 1]) {
      const file = new FileLife(policy)
      file.marker = { mtime }
      file.write(10).tell().pass(hour)

      expect(file.fires).toEqual([])
      expect(file.stalls).toHaveLength(1)
    }
  })

  it('found before its file serves as well', () => {
    const file = new FileLife(policy)
    file.marker = { mtime: file.second + 1 }

    file
      .write(10)
      .tell()
      .pass(10 * second)

    expect(file.fires).toHaveLength(1)
  })

  it('does not complete a file that goes on growing', () => {
    const file = new FileLife(policy).write(10).tell()
    file.marker = { mtime: file.second }
    file
      .step({ kind: 'marked' })
      .pass(5 * second)
      .write(20)
      .tell()

    file.pass(14 * minute)

    expect(file.fires).toEqual([])
  })

  it('waits no longer than the quiet period where that is shorter', () => {
    const file = new FileLife({ completion: { marker: '{name}.done', stableForMs: 500 } }).write(10).tell()
    file.marker = { mtime: file.second }

    file.step({ kind: 'marked' }).pass(500)

    expect(file.fires).toHaveLength(1)
  })
})

describe('extended attributes', () => {
  it('complete the file when the attribute has its value', () => {
    const file = new FileLife({ completion: { xattr: { key: 'state', value: 'done' } } })
    file
      .write(10)
      .set({ xattrs: { state: 'busy' } })
      .tell()
      .pass(minute)
    expect(file.fires).toEqual([])

    file
      .set({ xattrs: { state: 'done' }, ctime: file.second })
      .tell({ ctime: file.second })
      .pass(11 * second)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'xattr' } }])
  })

  it('is not given by an attribute that is only called like something every object has', () => {
    const xattr = { key: 'constructor', value: null }
    const file = new FileLife({ completion: { xattr, stalledAfterMs: 2 * minute } })
      .write(10)
      .set({ xattrs: {} })
      .tell()
      .pass(3 * minute)

    expect(file.fires).toEqual([])
    expect(file.state?.phase).toBe('stalled')
  })

  it('are read again when a listing tells nothing of them', () => {
    const file = new FileLife({ completion: { xattr: { key: 'done', value: null } } }).write(10).tell().pass(minute)
    file.set({ xattrs: { done: true } })
    const { size, mtime } = { size: 10, mtime: file.facts.mtime ?? 0 }

    file.step({ kind: 'seen', seen: file.look({ size, mtime }, 'scan') }).pass(11 * second)

    expect(file.fires).toHaveLength(1)
  })

  it('that a fresh read does not tell any more are not there', () => {
    const file = new FileLife({ completion: { xattr: { key: 'done', value: null } } })
    file
      .write(10)
      .set({ xattrs: { done: 1 } })
      .tell()
    const { xattrs: _gone, ...facts } = file.facts
    file.facts = facts

    file.pass(hour)

    expect(file.fires).toEqual([])
  })

  it('declare the size at which the file is complete', () => {
    const file = new FileLife({ completion: { declaredSize: 'bytes' } })
      .write(5)
      .set({ xattrs: { bytes: '10' } })
      .tell()
    file.pass(minute).write(10).tell()

    file.pass(20 * second)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'declared' } }])
  })

  it('hold the checksum that goes into the evidence', () => {
    const file = new FileLife({ completion: { checksum: 'md5' } })
      .write(5)
      .set({ xattrs: { md5: 'abc' } })
      .tell()

    file.pass(20 * second)

    expect(file.fires).toMatchObject([{ evidence: { checksum: 'abc' } }])
  })

  it('revive a stalled file when they come', () => {
    const file = new FileLife({ completion: { xattr: { key: 'done', value: null } } }).write(10).tell().pass(hour)
    expect(file.state?.phase).toBe('stalled')

    file
      .set({ xattrs: { done: 1 }, ctime: file.second })
      .tell()
      .pass(11 * second)

    expect(file.fires).toHaveLength(1)
  })
})

describe('several kinds of evidence', () => {
  it('must all be there, and the highest is named', () => {
    const file = new FileLife({ completion: { marker: '{name}.done', declaredSize: 'bytes' } })
    file.marker = { mtime: file.second }
    file
      .write(10)
      .set({ xattrs: { bytes: 11 } })
      .tell()
      .pass(minute)
    expect(file.fires).toEqual([])

    file.marker = { mtime: file.second }
    file
      .write(11)
      .tell()
      .pass(20 * second)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'marker' } }])
  })
})

describe('a temporary name', () => {
  it('is never complete, stalled or read', () => {
    const file = new FileLife().rename('in/a.avi.part').write(10).tell()

    file.pass(10 * hour)

    expect([file.fires, file.stalls, file.reads]).toEqual([[], [], []])
  })

  it('renamed to a final one completes after a short check', () => {
    const file = new FileLife().rename('in/a.avi.part').write(10).tell().pass(minute).rename('in/a.avi').tell()

    file.pass(10 * second)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'rename' } }])
    expect(file.reads).toHaveLength(1)
  })

  it('renamed while the content changes needs the whole quiet period', () => {
    const file = new FileLife()
      .rename('in/a.avi.part')
      .write(10)
      .tell()
      .pass(minute)
      .write(11)
      .rename('in/a.avi')
      .tell()

    file.pass(19 * second)
    expect(file.fires).toEqual([])
    file.pass(second)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'quiet' } }])
  })

  it('found changed by the check needs the whole quiet period', () => {
    const file = new FileLife().rename('in/a.avi.part').write(10).tell().pass(minute).rename('in/a.avi').tell()
    file.pass(5 * second).write(12)

    file.pass(20 * second)
    expect(file.fires).toEqual([])
    file.pass(5 * second)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'quiet' }, revision: { size: 12 } }])
  })

  it('leaves nothing behind when it is deleted', () => {
    expect(new FileLife().rename('in/a.part').write(10).tell().step({ kind: 'gone' }).state).toBeNull()
  })
})

describe('holes', () => {
  const holed = { localRate: 0.5, atOrigin: true }

  it('forbid firing for as long as they last', () => {
    const file = new FileLife()
      .write(10)
      .set(holed)
      .tell()
      .pass(30 * minute)
    expect(file.fires).toEqual([])

    file.set({ localRate: 1 }).pass(minute)

    expect(file.fires).toHaveLength(1)
  })

  it('do not forbid it once another provider is known to have the bytes', () => {
    const file = new FileLife()
      .write(10)
      .set(holed)
      .tell()
      .pass(59 * minute)
    file.set({ heldElsewhere: true }).pass(30 * second)
    expect(file.fires).toEqual([])

    file.pass(2 * minute)

    expect(file.fires).toHaveLength(1)
    expect(file.steps.findLast(({ step }) => step.verdict.kind === 'read')?.step.verdict).toMatchObject({
      distribution: true,
    })
  })

  it('that nobody can fill make the file stalled', () => {
    const file = new FileLife()
      .write(10)
      .set({ ...holed, heldElsewhere: false })
      .tell()
      .pass(2 * hour)

    expect(file.fires).toEqual([])
    expect(file.stalls).toHaveLength(1)
    expect(file.state?.phase).toBe('stalled')
  })

  it('that are filled after all let a stalled file fire', () => {
    const file = new FileLife()
      .write(10)
      .set({ ...holed, heldElsewhere: false })
      .tell()
      .pass(2 * hour)

    file.set({ localRate: 1 }).tell().pass(second)

    expect(file.fires).toHaveLength(1)
  })

  it('are asked about once a minute where nobody tells who has the bytes', () => {
    const file = new FileLife()
      .write(10)
      .set(holed)
      .tell()
      .pass(2 * hour)

    expect(file.reads.length).toBeLessThan(130)
    expect([file.fires, file.stalls]).toEqual([[], []])
  })

  it('mean nothing on another provider than the file is from, or where the trigger says so', () => {
    expect(new FileLife().write(10).set({ localRate: 0, atOrigin: false }).tell().pass(minute).fires).toHaveLength(1)
    expect(
      new FileLife({ completion: { holes: 'ignore' } }).write(10).set(holed).tell().pass(minute).fires,
    ).toHaveLength(1)
  })

  it('forbid firing against a marker too', () => {
    const file = new FileLife({ completion: { marker: '{name}.done' } })
    file.marker = { mtime: file.second + 9 }

    file
      .write(10)
      .set(holed)
      .tell()
      .pass(30 * minute)

    expect(file.fires).toEqual([])
  })
})

describe('CDMI', () => {
  it('forbids firing while it says that the upload is under way, where it is asked', () => {
    const file = new FileLife({ completion: { cdmi: true } }).write(10).set({ cdmiProcessing: true }).tell()
    file.pass(30 * minute)
    expect(file.fires).toEqual([])

    file.set({ cdmiProcessing: false }).pass(minute)

    expect(file.fires).toHaveLength(1)
  })

  it('that says so for too long makes the file stalled', () => {
    const file = new FileLife({ completion: { cdmi: true } }).write(10).set({ cdmiProcessing: true }).tell()

    file.pass(2 * hour)

    expect(file.stalls).toMatchObject([{ evidence: { because: 'CDMI says that its upload is under way' } }])
  })

  it('means nothing to a trigger that does not ask it', () => {
    expect(new FileLife().write(10).set({ cdmiProcessing: true }).tell().pass(minute).fires).toHaveLength(1)
  })
})

describe('empty files', () => {
  it('are held for the longer time, then fire with size 0', () => {
    const file = new FileLife()
      .write(0)
      .tell()
      .pass(15 * minute - 1)
    expect(file.fires).toEqual([])

    file.pass(1)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'empty' }, revision: { size: 0 } }])
  })

  it('fire as any other, or never, where the trigger says so', () => {
    expect(
      new FileLife({ completion: { emptyFiles: 'fire' } })
        .write(0)
        .tell()
        .pass(20 * second).fires,
    ).toHaveLength(1)
    const ignored = new FileLife({ completion: { emptyFiles: 'ignore' } }).write(0).tell().pass(hour)
    expect(ignored.fires).toEqual([])

    ignored
      .write(5)
      .tell()
      .pass(20 * second)

    expect(ignored.fires).toMatchObject([{ revision: { size: 5 } }])
  })

  it('are held after a rename too', () => {
    const file = new FileLife()
      .rename('in/a.part')
      .write(0)
      .tell()
      .pass(second)
      .rename('in/a')
      .tell()
      .pass(14 * minute)

    expect(file.fires).toEqual([])
  })
})

describe('a stalled file', () => {
  it('is told once, goes on when it grows, and is told again', () => {
    const file = new FileLife({ completion: { marker: '{name}.done' } }).write(10).tell().pass(hour)
    expect(file.stalls).toMatchObject([{ size: 10, evidence: { rung: 'stalled' } }])

    file.write(20).tell()
    expect(file.state?.phase).toBe('uploading')
    file.pass(hour)

    expect(file.stalls).toMatchObject([{ size: 10 }, { size: 20 }])
  })

  it('fires when its marker comes', () => {
    const file = new FileLife({ completion: { marker: '{name}.done' } }).write(10).tell().pass(hour)
    file.marker = { mtime: file.second }

    file.step({ kind: 'marked' }).pass(10 * second)

    expect(file.fires).toHaveLength(1)
  })

  it('stays stalled when what comes is not enough', () => {
    const file = new FileLife({ completion: { marker: '{name}.done' } }).write(10).tell().pass(hour)
    file.marker = { mtime: 1 }

    file.step({ kind: 'marked' }).pass(hour)

    expect(file.state?.phase).toBe('stalled')
    expect(file.stalls).toHaveLength(1)
  })
})

describe('revisions', () => {
  it('fire each, and name the event that they supersede', () => {
    const file = new FileLife()
      .write(10)
      .tell()
      .pass(5 * minute)
      .write(20)
      .tell()
      .pass(5 * minute)

    expect(file.fires).toHaveLength(2)
    expect(file.fires[1]?.supersedes).toBe(file.fires[0]?.revision.eventId)
    expect(file.premature).toBe(0)
  })

  it('fire only once where the trigger says so', () => {
    const file = new FileLife({ revisions: 'once' }).write(10).tell().pass(minute).write(20).tell().pass(hour)

    expect(file.fires).toHaveLength(1)
    expect(file.reads).toHaveLength(1)
  })

  it('that were decided never fire again, whatever came between', () => {
    const file = new FileLife().write(10).tell().pass(minute)
    const first = file.facts
    file.write(20).tell().pass(minute).set(first).set({ ctime: file.second }).tell().pass(hour)

    expect(file.fires).toHaveLength(2)
    expect(file.state?.phase).toBe('complete')
  })

  it('are not made by a provider that lags behind', () => {
    const file = new FileLife().write(10).tell().pass(minute)
    const older = { size: 9, mtime: (file.facts.mtime ?? 0) - 3, ctime: (file.facts.mtime ?? 0) - 3 }

    file.tell(older).tell({ mtime: older.mtime }).pass(hour)

    expect(file.fires).toHaveLength(1)
    expect(file.state?.facts).toMatchObject({ size: 10 })
  })

  it('are made by a file that was replaced by an older one, for ctime tells', () => {
    const file = new FileLife().write(10).tell().pass(minute)

    file.set({ size: 10, mtime: 1_500, ctime: file.second }).tell().pass(minute)

    expect(file.fires).toMatchObject([{}, { revision: { size: 10, mtime: 1_500 } }])
  })

  it('soon after firing count as premature', () => {
    const file = new FileLife()
      .write(10)
      .tell()
      .pass(50 * second)

    file.write(11).tell().write(12).tell()

    expect(file.premature).toBe(1)
  })

  it('are remembered up to a number, of which the newest counts', () => {
    const file = new FileLife()
    for (let size = 1; size <= 30; size++)
      file
        .write(size)
        .tell()
        .pass(5 * minute)

    expect(file.fires).toHaveLength(30)
    expect(file.state?.decided).toHaveLength(20)
    expect(file.state?.decided.at(-1)?.size).toBe(30)
  })
})

describe('a file that is gone', () => {
  it('does not fire again when it is back as it was', () => {
    const file = new FileLife().write(10).tell().pass(minute).step({ kind: 'gone' })
    expect(file.state?.phase).toBe('gone')

    file.tell().pass(hour)

    expect(file.fires).toHaveLength(1)
    expect(file.state?.phase).toBe('complete')
  })

  it('fires when it is back with other content, or had not been decided', () => {
    expect(
      new FileLife().write(1).tell().pass(minute).step({ kind: 'gone' }).write(2).tell().pass(minute).fires,
    ).toHaveLength(2)
    expect(new FileLife().write(1).tell().step({ kind: 'gone' }).tell().pass(minute).fires).toHaveLength(1)
  })

  it('is one that two listings lacked; one that waits is read after the first', () => {
    const fired = new FileLife().write(1).tell().pass(minute).step({ kind: 'missed' })
    expect(fired.state).toMatchObject({ phase: 'complete', missedScans: 1 })
    expect(fired.step({ kind: 'missed' }).state?.phase).toBe('gone')

    const pending = new FileLife().write(1).tell().step({ kind: 'missed' })
    pending.exists = false
    expect(pending.pass(0).state?.phase).toBe('gone')
  })

  it('is not one that was seen between two listings that lacked it', () => {
    const file = new FileLife().write(1).tell().pass(minute).step({ kind: 'missed' }).tell().step({ kind: 'missed' })

    expect(file.state?.phase).toBe('complete')
  })

  it('does not fire early for being read early', () => {
    const file = new FileLife()
      .write(1)
      .tell()
      .pass(second)
      .step({ kind: 'missed' })
      .pass(18 * second)
    expect(file.reads).toHaveLength(1)
    expect(file.fires).toEqual([])

    file.pass(second)

    expect(file.fires).toHaveLength(1)
  })
})

describe('a file from before', () => {
  it('is known, and fires with its first new content', () => {
    const file = new FileLife().write(10)
    file.step({ kind: 'found', seen: file.look() }).pass(hour)
    expect(file.fires).toEqual([])
    expect(file.state).toMatchObject({ phase: 'complete', evidence: { rung: 'baseline' } })

    file
      .write(11)
      .tell()
      .pass(20 * second)

    expect(file.fires).toMatchObject([{ supersedes: null, revision: { size: 11 } }])
  })

  it('under a temporary name is not there yet: it fires when it is renamed', () => {
    const file = new FileLife().rename('in/a.part').write(10)
    file.step({ kind: 'found', seen: file.look() }).pass(hour)

    file
      .rename('in/a')
      .tell()
      .pass(10 * second)

    expect(file.fires).toMatchObject([{ evidence: { rung: 'rename' } }])
  })

  it('fires when its marker comes after all', () => {
    const file = new FileLife({ completion: { marker: '{name}.done' } }).write(10)
    file.step({ kind: 'found', seen: file.look() }).pass(hour)
    file.marker = { mtime: file.second }

    file.step({ kind: 'marked' }).pass(10 * second)

    expect(file.fires).toHaveLength(1)
  })

  it('fires when its attribute comes after all, and stays known while it lacks', () => {
    const file = new FileLife({ completion: { xattr: { key: 'done', value: null } } }).write(10).set({ xattrs: {} })
    file.step({ kind: 'found', seen: file.look() }).pass(hour)
    file.set({ ctime: file.second }).tell().pass(hour)
    expect(file.state?.phase).toBe('complete')
    expect(file.stalls).toEqual([])

    file
      .set({ xattrs: { done: 1 }, ctime: file.second })
      .tell()
      .pass(11 * second)

    expect(file.fires).toHaveLength(1)
  })
})

describe('a restart', () => {
  it('finds a file due when its quiet period has passed on the wall clock, not sooner', () => {
    const file = new FileLife()
      .write(10)
      .tell()
      .pass(10 * second)
    file.step({ kind: 'tick' })
    expect(file.reads).toEqual([])

    file.now += hour
    file.step({ kind: 'tick' })

    expect(file.fires).toHaveLength(1)
  })

  it('begins the quiet period anew where the last change lies in the future', () => {
    const file = new FileLife().write(10).tell()
    file.now -= hour
    file.step({ kind: 'tick' }).pass(20 * second - 1)
    expect(file.reads).toEqual([])

    file.pass(1)

    expect(file.fires).toHaveLength(1)
  })

  it('goes by the configuration it finds', () => {
    const file = new FileLife({ completion: { marker: '{name}.done' } }).write(10).tell()
    const reconfigured = new FileLife().set(file.facts)
    reconfigured.state = file.state === null ? null : { ...file.state, wakeAt: file.now }

    reconfigured.pass(20 * second)

    expect(reconfigured.fires).toHaveLength(1)
  })
})

describe('an answer that comes too late', () => {
  it('is asked for again when something was heard meanwhile', () => {
    const file = new FileLife().write(10).tell()
    file.now += 20 * second
    const { state } = file
    const asked = state === null ? null : { ...state, phase: 'settling' as const, wakeAt: null }
    file.state = asked

    file.tell({ ctime: file.second })

    expect(file.state).toMatchObject({ phase: 'settling', wakeAt: file.now })
  })
})
