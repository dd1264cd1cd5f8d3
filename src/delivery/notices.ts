import type { ClaimedDelivery } from '../core/delivery.ts'
import { type Notice, type NoticeType, noticeTypes, subjectOf } from '../core/event.ts'
import { noticeId } from '../core/ids.ts'
import type { OwedEvent } from '../store/store.ts'

/** Which of OneTrigger's own events go to which targets. */
export interface NoticeRoutes {
  readonly events: readonly NoticeType[]
  readonly deliver: readonly string[]
}

/** What one notice says. */
export interface NoticeText {
  readonly type: Notice['type']
  readonly subject: string
  /** What makes this occasion another than the last one of the same type and subject. */
  readonly occasion: string
  readonly message: string
  readonly data?: Readonly<Record<string, string | number>>
  readonly at: number
  /** A target that is not told, because it is what the notice is about. */
  readonly except?: string
}

/** Makes OneTrigger's own events; gives nothing where nobody wants to know. */
export class Notices {
  readonly #routes: NoticeRoutes

  constructor(routes: NoticeRoutes) {
    this.#routes = routes
  }

  make({ type, subject, occasion, message, data = {}, at, except }: NoticeText): readonly OwedEvent[] {
    const targets = this.#routes.deliver.filter((target) => target !== except)
    if (!this.#routes.events.includes(type) || targets.length === 0) return []
    const id = noticeId(type, subject, occasion)
    return [{ event: { id, kind: 'notice', type, subject, message, data, eventTime: at }, targets }]
  }

  /** A delivery was given up. One of a notice is not told of: that would never end. */
  dead(delivery: ClaimedDelivery, reason: string, at: number): readonly OwedEvent[] {
    const { id, target, event, attempt } = delivery
    if (event.kind === 'notice') return []
    return this.make({
      type: 'delivery.dead',
      subject: `delivery/${id}`,
      occasion: String(delivery.createdAt),
      message: `The delivery of ${subjectOf(event)} to target ${target} was given up: ${reason}`,
      data: { delivery: id, target, event: event.id, path: event.path, attempts: attempt, reason },
      at,
    })
  }
}

/** Nobody is told of anything. */
export const noNotices = new Notices({ events: noticeTypes, deliver: [] })
