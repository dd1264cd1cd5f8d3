import type { Delivery, Settlement } from '../core/delivery.ts'
import type { Event } from '../core/event.ts'

/** A delivery that nobody has tried yet. */
export function newDelivery(id: string, target: string, event: Event, now: number): Delivery {
  return {
    id,
    target,
    event,
    state: 'owed',
    attempts: 0,
    nextAt: now,
    createdAt: now,
    lastAttemptAt: null,
    lastReason: null,
    lastAnswer: null,
    job: null,
  }
}

/** A delivery after its attempt was settled. */
export function settled(delivery: Delivery, settlement: Settlement): Delivery {
  const after = { ...delivery, lastAttemptAt: settlement.at, lastAnswer: settlement.answer }
  switch (settlement.kind) {
    case 'delivered':
      return { ...after, state: 'delivered', lastReason: null, job: settlement.job }
    case 'dead':
      return { ...after, state: 'dead', lastReason: settlement.reason }
    case 'again': {
      const attempts = settlement.countAttempt ? delivery.attempts : delivery.attempts - 1
      return { ...after, attempts, nextAt: settlement.nextAt, lastReason: settlement.reason }
    }
  }
}
