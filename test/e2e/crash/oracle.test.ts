import { describe, expect, it } from 'vitest'
import { completeEventId, deliveryId } from '../../../src/core/ids.ts'
import { isGood, Oracle } from './oracle.ts'

const names = { trigger: 'default', spaceId: 'space', target: 'hook' }
const revision = { fileId: 'file', size: 7, mtime: 1_700_000_000 }
const id = deliveryId(completeEventId({ trigger: 'default', spaceId: 'space', ...revision }), 'hook')

describe('the oracle of the crash harness', () => {
  it('is content with each finished revision told once', () => {
    const oracle = new Oracle(names)
    oracle.finish(revision, 'in/a')
    oracle.receive(id, revision)

    expect(isGood(oracle.verdict())).toBe(true)
  })

  it('misses a finished revision that was never told', () => {
    const oracle = new Oracle(names)
    oracle.finish(revision, 'in/a')

    expect(oracle.verdict().lost).toEqual(['in/a'])
  })

  it('asks for nothing that was replaced before it was told', () => {
    const oracle = new Oracle(names)
    oracle.finish(revision, 'in/a')
    oracle.giveUp(revision)

    expect(isGood(oracle.verdict())).toBe(true)
  })

  it('sees what is told before it is finished', () => {
    const oracle = new Oracle(names)
    oracle.receive(id, revision)
    oracle.finish(revision, 'in/a')

    expect(oracle.verdict().early).toHaveLength(1)
  })

  it('sees a revision under another id', () => {
    const oracle = new Oracle(names)
    oracle.finish(revision, 'in/a')
    oracle.receive(id, revision)
    oracle.receive('dlv_other', revision)

    oracle.receive(id, revision, 'evt_other')
    expect(oracle.verdict().twoIds).toHaveLength(2)
  })

  it('allows one repeat for each kill that found the delivery in flight, and no more', () => {
    const oracle = new Oracle(names)
    oracle.finish(revision, 'in/a')
    oracle.receive(id, revision)
    oracle.noteInFlight([id])
    oracle.receive(id, revision)

    expect(oracle.verdict()).toMatchObject({ repeats: 1, inFlight: 1, needless: [] })
    oracle.receive(id, revision)
    expect(oracle.verdict()).toMatchObject({ repeats: 2, needless: ['in/a'] })
  })
})
