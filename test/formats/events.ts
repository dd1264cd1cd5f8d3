import type { Event } from '../../src/core/event.ts'
import { anEvent } from '../support/builders.ts'

/** A name with everything in it that a shell, a URL, JSON or a header could trip over. */
export const nastyName = ' $(id) `x` "q" \'s\' *?[a] \\n\t%41#? ~ déjà 視頻 😀 \u007f\u2028 -n.avi'

/** One event of each sort, by the name of its golden files. */
export const sampleEvents: Readonly<Record<string, Event>> = {
  plain: anEvent({ path: 'in/a.txt' }),
  nasty: anEvent({ path: `in/${nastyName}`, eventTime: 1_767_225_620_123 }),
  stalled: anEvent({ kind: 'stalled', path: 'in/half.avi' }),
  superseding: anEvent({ supersedes: 'evt_0', size: 10 }),
  notice: {
    id: 'evt_n',
    kind: 'notice',
    type: 'delivery.dead',
    subject: 'delivery/dlv_1',
    message: 'The delivery of in/ä.txt to target hook was given up: it answered 422',
    data: { target: 'hook', attempts: 3 },
    eventTime: 1_767_225_620_000,
  },
}
