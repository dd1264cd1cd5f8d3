/** One step of the schema; steps are never changed once released. */
export interface Migration {
  readonly version: number
  /** Oldest build (by its highest migration) that can still work with the database after this step: a release expands, the next one contracts. */
  readonly minReader: number
  /** Statements; `$schema` stands for the quoted name of the schema. */
  readonly sql: string
}

/**
 * Keys compare by bytes (`COLLATE "C"`): pages are in the same order on every server. What changes at each attempt (`attempts`) is in no index, and
 * pages keep room, so that counting one writes no index at all.
 */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    minReader: 1,
    sql: `
CREATE TABLE $schema.files (
  trigger text COLLATE "C" NOT NULL, file_id text COLLATE "C" NOT NULL, path text COLLATE "C", phase smallint NOT NULL,
  touched_at bigint NOT NULL, data text NOT NULL, PRIMARY KEY (trigger, file_id)
);
CREATE INDEX files_by_path ON $schema.files (trigger, path);
CREATE INDEX files_pending ON $schema.files (trigger, file_id) WHERE phase < 2;
CREATE INDEX files_gone ON $schema.files (touched_at) WHERE phase = 4;

CREATE TABLE $schema.cursors (watch text COLLATE "C" PRIMARY KEY, data text NOT NULL);
CREATE TABLE $schema.baselines (trigger text COLLATE "C" PRIMARY KEY, state text NOT NULL, cut_ms bigint);
CREATE TABLE $schema.leases (name text COLLATE "C" PRIMARY KEY, holder text NOT NULL, epoch bigint NOT NULL, until bigint NOT NULL);
CREATE TABLE $schema.members (id text COLLATE "C" PRIMARY KEY, alive_until bigint NOT NULL);
CREATE TABLE $schema.targets (name text COLLATE "C" PRIMARY KEY, failing_since bigint, disabled_at bigint);

CREATE TABLE $schema.events (id text COLLATE "C" PRIMARY KEY, data text NOT NULL);
CREATE TABLE $schema.deliveries (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE, target text COLLATE "C" NOT NULL,
  trigger text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, file_key bigint NOT NULL, state smallint NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0, next_at bigint NOT NULL, created_at bigint NOT NULL, ended_at bigint, reason text, answer text,
  job text, job_seen bigint
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX deliveries_due ON $schema.deliveries (target, next_at, seq) INCLUDE (created_at) WHERE state = 0;
CREATE INDEX deliveries_by_event ON $schema.deliveries (event_id);
CREATE INDEX deliveries_over ON $schema.deliveries (ended_at) WHERE state IN (1, 3);
CREATE INDEX deliveries_given_up ON $schema.deliveries (target, state, seq) WHERE state >= 2;
CREATE INDEX deliveries_jobs ON $schema.deliveries (target, job_seen) WHERE job_seen IS NOT NULL;

-- Deliveries that are in someone's hands: one per target and file.
CREATE TABLE $schema.flights (
  target text COLLATE "C" NOT NULL, file_key bigint NOT NULL, seq bigint NOT NULL, member text COLLATE "C" NOT NULL, lease_until bigint NOT NULL,
  PRIMARY KEY (target, file_key)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX flights_by_member ON $schema.flights (member);`,
  },
  {
    version: 2,
    // Older builds neither read nor write it: their next listing counts as the first.
    minReader: 1,
    // JSON; NULL = no listing has ended.
    sql: 'ALTER TABLE $schema.baselines ADD COLUMN unlisted text;',
  },
]
