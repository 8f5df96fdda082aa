// Documents of the operator's pages. Each asks `me` along, by which a session that has ended is noticed.

const ME = "me { account }";

export const HEALTH = `query OperatorHealth {
  ${ME}
  deploymentState { name count english chinese }
  findings { name count english chinese }
}`;

export const HANDLERS = `query OperatorHandlers { ${ME} handlersBehind { name count english chinese } }`;

export const NATS = `query OperatorNats {
  ${ME}
  natsStatus {
    state unpublished oldestAt
    streams { name county messages lastSequence consumers { name pending unacknowledged acknowledged activeAt } }
  }
}`;

export const JOBS = `query OperatorJobs($filter: JobFilter, $after: String) {
  ${ME}
  jobs(filter: $filter, first: 30, after: $after, orderBy: DUE_AT_DESC) {
    totalCount
    nodes { id name state dueAt attempts error finishedAt }
    pageInfo { hasNextPage endCursor }
  }
}`;

const WEBHOOK = `id url state reason types batch lag successRate failingSince missedUntil createdAt
    account { name } grid { code name } actions { name label allowed reason }`;

export const WEBHOOKS = `query OperatorWebhooks($after: String) {
  ${ME}
  webhooks(first: 30, after: $after) { totalCount nodes { ${WEBHOOK} } pageInfo { hasNextPage endCursor } }
}`;

export const WEBHOOK_PAGE = `query OperatorWebhook($id: ID!, $filter: WebhookDeliveryFilter, $after: String) {
  ${ME}
  node(id: $id) {
    ... on Webhook {
      ${WEBHOOK}
      filter selection
      deliveries(filter: $filter, first: 30, after: $after) {
        totalCount
        nodes { id type at state attempts status error seconds triedAt nextAttemptAt actions { name label allowed reason } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`;

export const INSPECT = `mutation OperatorInspectsDelivery($input: InspectWebhookDeliveryInput!) {
  inspectWebhookDelivery(input: $input) {
    status seconds answer body headers batchPlace batchSize errors { code message path }
  }
}`;

export const PLUGINS = `query OperatorPlugins {
  ${ME}
  plugins { name version distribution state always lastError jobs tables dataPurposes { field purpose basis } }
}`;

export const ACTIVATIONS = `query OperatorActivations($plugin: String!) {
  ${ME}
  pluginActivations(filter: { plugin: { equals: $plugin } }, first: 30) {
    nodes { id plugin active since until account county { code name } }
  }
}`;

/** What a county chooses, for whoever may look there. */
export const SETTINGS = `query OperatorSettings($county: String!) {
  ${ME}
  grid(code: $county) {
    code name
    settings { name label description value standard options permission since }
  }
}`;

export const ACCOUNTS = `query OperatorAccounts($filter: AccountFilter, $after: String) {
  ${ME}
  accounts(filter: $filter, first: 30, after: $after) {
    totalCount
    nodes { id name kind suspendedAt grid { code name } }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const ACCOUNT = `query OperatorAccount($name: String!) {
  ${ME}
  account(name: $name) {
    id name kind version createdAt createdBy suspendedAt suspendedBy suspendingAt suspendingBy grid { code name }
    grants(first: 100, orderBy: SINCE_DESC) {
      id role since until grantedAt grantedBy confirmedBy proposedAt waitsUntil endingAt endingBy revokedBy stoppedBy stoppedWhy
      grid { code name } unit { code name }
    }
    sessions(first: 20) { totalCount nodes { id device createdAt usedAt expiresAt endedAt } }
  }
  roles { name chinese english guarded grantable }
}`;

export const CHAIN = `query OperatorAuditChain($anchor: String) { ${ME} auditChain(anchor: $anchor) }`;

export const ACTS = `query OperatorActs($filter: ActFilter, $after: String) {
  ${ME}
  acts(filter: $filter, first: 30, after: $after) {
    totalCount
    nodes { id at account mutation objects codes reader { role grid { name } unit { name } } }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const LOOKS = `query OperatorLooks($filter: LookFilter, $after: String) {
  ${ME}
  looks(filter: $filter, first: 30, after: $after) {
    totalCount
    nodes { id at account kind purpose operation peopleCount reader { role grid { name } unit { name } } }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const EXPORTS = `query OperatorExports($filter: BulkExportFilter, $after: String) {
  ${ME}
  bulkExports(filter: $filter, first: 30, after: $after) {
    totalCount
    nodes {
      id number version account role listing personal purpose rows state askedAt until decidedBy decidedAt grounds fetches
      grid { name } actions { name label allowed reason }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const RETENTION = `query OperatorRetention {
  ${ME}
  retentionDue { name count english chinese }
  retention { table what basis months personal deleted }
}`;

export const OPERATIONS = `query OperatorOperations($hours: Int!) {
  ${ME}
  operationFigures(hours: $hours) { operation kind count failed median p95 p99 seconds cost }
}`;
