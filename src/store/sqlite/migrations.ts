/** One step of the schema; steps are never changed once released. */
export interface Migration {
  readonly version: number
  /** Oldest build (by its highest migration) that can still work with the database after this step: a release expands, the next one contracts. */
  readonly minReader: number
  readonly sql: string
}

/** Count what is owed and dead, and delete events that nobody needs. Until step 4. */
const deliveryTriggers = `CREATE TRIGGER delivery_made AFTER INSERT ON deliveries BEGIN
  INSERT INTO outbox (target_id, owed, dead) VALUES (new.target_id, new.state = 0, new.state = 2)
  ON CONFLICT (target_id) DO UPDATE SET owed = owed + (new.state = 0), dead = dead + (new.state = 2);
END;
CREATE TRIGGER delivery_moved AFTER UPDATE OF state ON deliveries WHEN old.state <> new.state BEGIN
  UPDATE outbox SET owed = owed + (new.state = 0) - (old.state = 0), dead = dead + (new.state = 2) - (old.state = 2)
  WHERE target_id = new.target_id;
END;
CREATE TRIGGER delivery_deleted AFTER DELETE ON deliveries BEGIN
  UPDATE outbox SET owed = owed - (old.state = 0), dead = dead - (old.state = 2) WHERE target_id = old.target_id;
  UPDATE events SET deliveries = deliveries - 1 WHERE seq = old.event_seq;
  DELETE FROM events WHERE seq = old.event_seq AND deliveries <= 0;
END;`

export const migrations: readonly Migration[] = [
  {
    version: 1,
    minReader: 1,
    sql: `
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE files (
  trigger_id INTEGER NOT NULL, file_id TEXT NOT NULL, path TEXT, phase INTEGER NOT NULL,
  touched_at INTEGER NOT NULL, data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX files_by_id ON files (trigger_id, file_id);
CREATE INDEX files_by_path ON files (trigger_id, path);
CREATE INDEX files_pending ON files (trigger_id, file_id) WHERE phase < 2;
CREATE INDEX files_gone ON files (touched_at) WHERE phase = 4;

CREATE TABLE cursors (watch TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE baselines (trigger_id INTEGER PRIMARY KEY, state TEXT NOT NULL, cut_ms INTEGER) STRICT;
CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, data TEXT NOT NULL, deliveries INTEGER NOT NULL) STRICT;
CREATE TABLE deliveries (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, target_id INTEGER NOT NULL, trigger_id INTEGER NOT NULL, event_seq INTEGER NOT NULL,
  file_key INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, lease_until INTEGER,
  created_at INTEGER NOT NULL, ended_at INTEGER, reason TEXT, answer TEXT
) STRICT;
CREATE INDEX deliveries_due ON deliveries (target_id, next_at) WHERE state = 0 AND lease_until IS NULL;
CREATE INDEX deliveries_leased ON deliveries (target_id, lease_until) WHERE state = 0 AND lease_until IS NOT NULL;
CREATE INDEX deliveries_flying ON deliveries (target_id, file_key) WHERE state = 0 AND lease_until IS NOT NULL;
CREATE INDEX deliveries_oldest ON deliveries (target_id, created_at) WHERE state = 0;
CREATE INDEX deliveries_over ON deliveries (ended_at) WHERE state IN (1, 3);
CREATE INDEX deliveries_by_state ON deliveries (state, seq) WHERE state >= 2;

CREATE TABLE outbox (target_id INTEGER PRIMARY KEY, owed INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0) STRICT;
${deliveryTriggers}`,
  },
  {
    version: 2,
    // An older build leaves jobs alone: it neither starts nor follows any.
    minReader: 1,
    sql: `
ALTER TABLE deliveries ADD COLUMN job TEXT;
-- When a job that has not ended was last looked at; NULL where there is none to look at.
ALTER TABLE deliveries ADD COLUMN job_seen INTEGER;
CREATE INDEX deliveries_jobs ON deliveries (target_id, job_seen) WHERE job_seen IS NOT NULL;
CREATE TABLE target_states (target_id INTEGER PRIMARY KEY, failing_since INTEGER, disabled_at INTEGER) STRICT;`,
  },
  {
    version: 3,
    // Older builds look for the ids of events, and write no keys.
    minReader: 3,
    // Ids are indexed by keys of 52 bits (`key_of` is `textKey`), and events not at all (ADR 16).
    sql: `
CREATE TABLE files_3 (
  trigger_id INTEGER NOT NULL, id_key INTEGER NOT NULL, file_id TEXT NOT NULL, path TEXT, phase INTEGER NOT NULL,
  touched_at INTEGER NOT NULL, data TEXT NOT NULL
) STRICT;
CREATE TABLE events_3 (seq INTEGER PRIMARY KEY, data TEXT NOT NULL, deliveries INTEGER NOT NULL) STRICT;
CREATE TABLE deliveries_3 (
  seq INTEGER PRIMARY KEY, id_key INTEGER NOT NULL, id TEXT NOT NULL, target_id INTEGER NOT NULL, trigger_id INTEGER NOT NULL, event_seq INTEGER NOT NULL,
  file_key INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, lease_until INTEGER,
  created_at INTEGER NOT NULL, ended_at INTEGER, reason TEXT, answer TEXT, job TEXT, job_seen INTEGER
) STRICT;
INSERT INTO files_3 SELECT trigger_id, key_of(file_id), file_id, path, phase, touched_at, data FROM files ORDER BY rowid;
INSERT INTO events_3 SELECT seq, data, deliveries FROM events ORDER BY seq;
INSERT INTO deliveries_3 SELECT seq, key_of(id), id, target_id, trigger_id, event_seq, file_key, state, attempts, next_at, lease_until, created_at,
  ended_at, reason, answer, job, job_seen FROM deliveries ORDER BY seq;
-- Not before: SQLite holds in memory what a statement writes into pages that this transaction has freed.
DROP TABLE files;
DROP TABLE deliveries;
DROP TABLE events;
ALTER TABLE files_3 RENAME TO files;
ALTER TABLE events_3 RENAME TO events;
ALTER TABLE deliveries_3 RENAME TO deliveries;

CREATE INDEX files_by_key ON files (trigger_id, id_key);
CREATE INDEX files_by_path ON files (trigger_id, path);
CREATE INDEX files_pending ON files (trigger_id, id_key) WHERE phase < 2;
CREATE INDEX files_gone ON files (touched_at) WHERE phase = 4;
CREATE INDEX deliveries_by_key ON deliveries (id_key);
CREATE INDEX deliveries_due ON deliveries (target_id, next_at) WHERE state = 0 AND lease_until IS NULL;
CREATE INDEX deliveries_flying ON deliveries (target_id, file_key, lease_until) WHERE state = 0 AND lease_until IS NOT NULL;
CREATE INDEX deliveries_oldest ON deliveries (target_id, created_at) WHERE state = 0;
CREATE INDEX deliveries_over ON deliveries (ended_at) WHERE state IN (1, 3);
CREATE INDEX deliveries_by_state ON deliveries (state, seq) WHERE state >= 2;
CREATE INDEX deliveries_jobs ON deliveries (target_id, job_seen) WHERE job_seen IS NOT NULL;

${deliveryTriggers}`,
  },
  {
    version: 4,
    // Older builds read the counts that are no more.
    minReader: 4,
    // What is owed is counted when somebody asks (ADR 19); who was ever owed something has a state.
    sql: `
DROP TRIGGER delivery_made;
DROP TRIGGER delivery_moved;
DROP TRIGGER delivery_deleted;
INSERT INTO target_states (target_id) SELECT target_id FROM outbox WHERE true ON CONFLICT DO NOTHING;
DROP TABLE outbox;
CREATE INDEX deliveries_dead ON deliveries (target_id) WHERE state = 2;
CREATE TRIGGER delivery_deleted AFTER DELETE ON deliveries BEGIN
  UPDATE events SET deliveries = deliveries - 1 WHERE seq = old.event_seq;
  DELETE FROM events WHERE seq = old.event_seq AND deliveries <= 0;
END;`,
  },
  {
    version: 5,
    // Older builds neither read nor write it: their next listing counts as the first.
    minReader: 4,
    // JSON; NULL = no listing has ended.
    sql: 'ALTER TABLE baselines ADD COLUMN unlisted TEXT;',
  },
]
