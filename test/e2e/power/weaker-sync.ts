// Loaded before OneTrigger's own program (`node --import`): less is synced than OneTrigger asks for, to show what that costs. `log` = its own sync of the
// log after each commit does nothing; `all` = SQLite's do nothing either.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync } from 'node:sqlite'
import { type Unsynced, unsyncedVariable } from './unsynced.ts'

// What power.ts passes.
const unsynced = process.env[unsyncedVariable] as Unsynced | undefined

if (unsynced !== undefined && unsynced !== 'nothing') {
  // Only the store syncs files in this process.
  const synced = (_file: number, done: (error: null) => void) => setImmediate(() => done(null))
  Object.assign(fs, { fdatasync: synced })
  syncBuiltinESMExports()
}
if (unsynced === 'all') {
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (sql) {
    exec.call(this, sql.replace(/synchronous = (?:FULL|NORMAL)/, 'synchronous = OFF'))
  }
}
