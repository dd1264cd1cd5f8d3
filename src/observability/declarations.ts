/** What a metric is called, counts and is labelled by. Labels are names from the configuration or come from short fixed lists; never a path, an id or a URL. */
export interface MetricDeclaration {
  readonly name: `onetrigger_${string}`
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

/** Every metric of this program. The reference page is made from this table. */
export const metricDeclarations = {
  buildInfo: {
    name: 'onetrigger_build_info',
    type: 'gauge',
    help: 'Always 1; the labels tell what is running.',
    labels: ['version', 'node'],
  },
  partOk: {
    name: 'onetrigger_part_ok',
    type: 'gauge',
    help: 'Whether a part of /readyz works: 1 or 0; `watch SOURCE/SPACE` or `target NAME`. A replica that stands by is 1.',
    labels: ['part'],
  },
  observations: {
    name: 'onetrigger_observations_total',
    type: 'counter',
    help: 'Things that a source said about files, by the way they came: events, changes, scan or read.',
    labels: ['source', 'by'],
  },
  pending: {
    name: 'onetrigger_files_pending',
    type: 'gauge',
    help: 'Files that are not decided upon yet, by phase: uploading or settling.',
    labels: ['trigger', 'phase'],
  },
  fired: {
    name: 'onetrigger_fired_total',
    type: 'counter',
    help: 'Files found complete, by the evidence that decided.',
    labels: ['trigger', 'rung'],
  },
  premature: {
    name: 'onetrigger_premature_total',
    type: 'counter',
    help: 'Files that changed soon after they had fired: the evidence was wrong. Raise stableFor, or use a marker.',
    labels: ['trigger'],
  },
  stalled: {
    name: 'onetrigger_stalled_total',
    type: 'counter',
    help: 'Files that stopped growing without their evidence.',
    labels: ['trigger'],
  },
  deliveries: {
    name: 'onetrigger_deliveries_total',
    type: 'counter',
    help: 'Attempts to deliver, by outcome: delivered, retry, rejected or unavailable.',
    labels: ['target', 'outcome'],
  },
  deliverySeconds: {
    name: 'onetrigger_delivery_duration_seconds',
    type: 'histogram',
    help: 'How long an attempt took, from sending to the answer.',
    labels: ['target'],
  },
  inFlight: {
    name: 'onetrigger_deliveries_in_flight',
    type: 'gauge',
    help: 'Attempts under way.',
    labels: ['target'],
  },
  givenUp: {
    name: 'onetrigger_deliveries_given_up_total',
    type: 'counter',
    help: 'Deliveries that became dead letters.',
    labels: ['target'],
  },
  jobs: {
    name: 'onetrigger_jobs_total',
    type: 'counter',
    help: 'Jobs that deliveries started in their targets and that ended, by state: succeeded, failed or unknown.',
    labels: ['target', 'state'],
  },
  outbox: {
    name: 'onetrigger_outbox_deliveries',
    type: 'gauge',
    help: 'Deliveries that are owed.',
    labels: ['target'],
  },
  outboxOldest: {
    name: 'onetrigger_outbox_oldest_age_seconds',
    type: 'gauge',
    help: 'Age of the oldest delivery that is owed; 0 when none is.',
    labels: ['target'],
  },
  deadLetters: {
    name: 'onetrigger_dead_letters',
    type: 'gauge',
    help: 'Deliveries given up and kept for replay.',
    labels: ['target'],
  },
  streamOpen: {
    name: 'onetrigger_stream_open',
    type: 'gauge',
    help: 'Spaces that the source watches in this way now: events, changes or poll.',
    labels: ['source', 'via'],
  },
  reconnects: {
    name: 'onetrigger_stream_reconnects_total',
    type: 'counter',
    help: 'Streams opened again. An idle stream is cut by the provider every five minutes.',
    labels: ['source', 'via'],
  },
  gaps: {
    name: 'onetrigger_gaps_total',
    type: 'counter',
    help: 'Times a stream may have missed something; each is followed by a full listing.',
    labels: ['source', 'reason'],
  },
  providerRequests: {
    name: 'onetrigger_provider_requests_total',
    type: 'counter',
    help: 'Requests to the provider, by route and HTTP status; status "error" = no answer.',
    labels: ['source', 'route', 'status'],
  },
  storeSize: {
    name: 'onetrigger_store_size_bytes',
    type: 'gauge',
    help: 'Bytes that the store takes on disk.',
    labels: [],
  },
} as const satisfies Record<string, MetricDeclaration>
