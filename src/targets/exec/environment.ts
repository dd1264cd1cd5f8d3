import type { ClaimedDelivery } from '../../core/delivery.ts'
import { subjectOf } from '../../core/event.ts'

/**
 * What a script made for faas-supervisor knows of its event: EVENT, EVENT_TIME and STORAGE_OBJECT_KEY, and where to put its files. No file is downloaded,
 * so that there is no INPUT_FILE_PATH.
 */
export function eventEnvironment({ id, attempt, event }: ClaimedDelivery, written: string, folder: string) {
  const key = event.kind === 'notice' ? event.subject : `/${event.space.name}/${event.path}`
  const file =
    event.kind === 'notice'
      ? {}
      : {
          ONETRIGGER_SPACE: event.space.name,
          ONETRIGGER_SPACE_ID: event.space.id,
          ONETRIGGER_FILE_ID: event.fileId,
          ONETRIGGER_SIZE: String(event.size),
          ONETRIGGER_TRIGGER: event.trigger,
        }
  return {
    EVENT: written,
    EVENT_TIME: new Date(event.eventTime).toISOString(),
    STORAGE_OBJECT_KEY: key,
    TMP_INPUT_DIR: folder,
    TMP_OUTPUT_DIR: folder,
    ONETRIGGER_DELIVERY_ID: id,
    ONETRIGGER_EVENT_ID: event.id,
    ONETRIGGER_ATTEMPT: String(attempt),
    ONETRIGGER_PATH: subjectOf(event),
    ...file,
  }
}
