import { closeSync, fdatasync, openSync } from 'node:fs'

/** Makes what was written before the call outlive the loss of power. */
export interface LogSync {
  /** Off the main thread: others are served meanwhile. */
  sync(): Promise<void>
  close(): void
}

/**
 * SQLite's write-ahead log, synced beside SQLite instead of inside `COMMIT`, where it would hold up the whole process. Nobody but SQLite takes locks on
 * this file, so that opening and closing it here takes none away; it stays the same file for as long as its database is open.
 */
export function createLogSync(databasePath: string): LogSync {
  let file: number | null = null
  // Writable: some systems sync only through such a descriptor. SQLite makes the file when it first writes to it.
  const opened = () => {
    file ??= openSync(`${databasePath}-wal`, 'r+')
    return file
  }
  return {
    sync: () =>
      new Promise((resolve, reject) => {
        fdatasync(opened(), (error) => (error === null ? resolve() : reject(error)))
      }),
    close: () => {
      if (file !== null) closeSync(file)
      file = null
    },
  }
}
