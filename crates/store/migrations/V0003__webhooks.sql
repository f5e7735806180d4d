-- Addresses of integrators that are told what happens. Each follows the log from a cursor of its own.
CREATE TABLE webhook (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    kinds TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- Sealed. For a day after a rotation the former one signs as well.
    secret TEXT NOT NULL,
    former_secret TEXT,
    former_secret_until BIGINT,
    state TEXT NOT NULL CHECK (state IN ('healthy', 'retrying', 'failing', 'disabled', 'gone')),
    -- Rises with every change by a person, so that a delivery under way does not undo it.
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Up to here every record was delivered, was not wanted, or was given up.
    cursor_seq BIGINT NOT NULL,
    -- Events recorded before are tried as if they were recorded then.
    patience_from BIGINT NOT NULL,
    -- Tries of the event behind the cursor, and when the next is due.
    tries BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_owner BIGINT,
    lease_until BIGINT,
    failing_since BIGINT,
    last_success_at BIGINT,
    last_failure_at BIGINT,
    last_error TEXT
);
CREATE INDEX webhook_workspace ON webhook (workspace_id, id);
CREATE INDEX webhook_enabled ON webhook (id) WHERE enabled;

-- Events that were given up, or that a person has sent again. No foreign key: a removed webhook's rows go by age.
CREATE TABLE webhook_event (
    webhook_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    state TEXT NOT NULL CHECK (state IN ('failed', 'replaying')),
    tries BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, seq)
);
CREATE INDEX webhook_event_due ON webhook_event (webhook_id, due_at, tries, seq) WHERE state = 'replaying';
CREATE INDEX webhook_event_failed ON webhook_event (webhook_id, seq) WHERE state = 'failed';
CREATE INDEX webhook_event_age ON webhook_event (since);

-- Every try. `seq` is null for a test.
CREATE TABLE webhook_delivery (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    webhook_id BIGINT NOT NULL,
    seq BIGINT,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    duration_millis BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('delivered', 'retrying', 'failed', 'gone')),
    status BIGINT,
    error TEXT,
    detail TEXT
);
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook_id, id);
CREATE INDEX webhook_delivery_failed ON webhook_delivery (webhook_id, id) WHERE outcome <> 'delivered';
CREATE INDEX webhook_delivery_age ON webhook_delivery (at);
