-- One text for both engines. {ID} is INTEGER on SQLite (the row's own key) and BIGINT on PostgreSQL.
-- Ids and times (unix milliseconds, UTC) are BIGINT, flags BOOLEAN, states TEXT with CHECK, JSON is TEXT that SQL does not look into.

CREATE TABLE workspace (
    id {ID} PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- One row per workspace and shard, raised last in a transaction: the log's numbers have no gaps and follow the commits.
CREATE TABLE log_head (
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    shard BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, shard)
);

-- Every fact. Kinds, ids, numbers and reasons; never words of a message or an address, so that erasing never touches it.
CREATE TABLE log (
    workspace_id BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    shown BOOLEAN NOT NULL,
    customer_id BIGINT,
    thread_id BIGINT,
    identity_id BIGINT,
    episode_id BIGINT,
    entry_id BIGINT,
    actor_id TEXT,
    subject_id TEXT,
    detail TEXT,
    PRIMARY KEY (workspace_id, shard, seq)
);
-- A thread's page: the entries of its identities, newest first.
CREATE INDEX log_entry ON log (identity_id, seq) WHERE shown;
-- One message's entry.
CREATE INDEX log_entry_id ON log (entry_id) WHERE shown;

-- Processes that make ids. A lease keeps two from counting under one number.
CREATE TABLE node (
    id {ID} PRIMARY KEY,
    instance TEXT NOT NULL,
    lease_until BIGINT NOT NULL
);

CREATE TABLE agent (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'supervisor', 'agent', 'read-only')),
    password_hash TEXT,
    disabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (workspace_id, email)
);
CREATE INDEX agent_email ON agent (email);
-- Asked by whoever opens the first-run page.
CREATE INDEX agent_owner ON agent (role) WHERE role = 'owner';

-- Secrets that callers hold (sessions, tokens, links) are kept as SHA-256 only.
CREATE TABLE sign_in (
    secret_hash TEXT PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    agent_id BIGINT NOT NULL REFERENCES agent (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_agent ON sign_in (agent_id);
CREATE INDEX sign_in_expiry ON sign_in (expires_at);

CREATE TABLE one_time_link (
    code_hash TEXT PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    agent_id BIGINT NOT NULL REFERENCES agent (id),
    purpose TEXT NOT NULL CHECK (purpose IN ('invite', 'reset')),
    expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_link_agent ON one_time_link (agent_id);

-- At most one row: the code that the server printed for the first owner.
CREATE TABLE setup_code (
    id {ID} PRIMARY KEY CHECK (id = 1),
    code_hash TEXT NOT NULL
);

CREATE TABLE api_token (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'supervisor', 'agent', 'read-only')),
    secret_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_token_workspace ON api_token (workspace_id, id);

-- Written in the transaction of what it names: a repeated request finds the thing, whatever was killed in between.
CREATE TABLE idempotency_key (
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    actor_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, actor_id, idempotency_key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

-- Where a provider calls us. Accounts of one provider app share one address; `fingerprint` compares their secrets unopened.
CREATE TABLE callback_endpoint (
    callback_key TEXT PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    kind TEXT NOT NULL,
    fingerprint TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX callback_endpoint_app ON callback_endpoint (workspace_id, kind, fingerprint);

CREATE TABLE channel_account (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    address TEXT NOT NULL,
    namespace TEXT NOT NULL,
    settings TEXT NOT NULL,
    secrets TEXT NOT NULL,
    secret_names TEXT NOT NULL,
    callback_key TEXT NOT NULL REFERENCES callback_endpoint (callback_key),
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_callback_at BIGINT,
    UNIQUE (workspace_id, kind, address)
);
CREATE INDEX channel_account_callback ON channel_account (callback_key);

CREATE TABLE customer (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX customer_workspace ON customer (workspace_id, id);

CREATE TABLE thread (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    customer_id BIGINT NOT NULL UNIQUE REFERENCES customer (id),
    created_at BIGINT NOT NULL,
    last_activity_at BIGINT NOT NULL
);
CREATE INDEX thread_activity ON thread (workspace_id, last_activity_at, id);

CREATE TABLE identity (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    namespace TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (workspace_id, namespace, address)
);
CREATE INDEX identity_customer ON identity (customer_id);

-- An identity over one channel account: windows, blocks, how far receipts have come.
CREATE TABLE route (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    identity_id BIGINT NOT NULL REFERENCES identity (id),
    channel_account_id BIGINT NOT NULL REFERENCES channel_account (id),
    window_until BIGINT,
    last_inbound_at BIGINT,
    delivered_until BIGINT,
    read_until BIGINT,
    blocked BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (identity_id, channel_account_id)
);

CREATE TABLE message (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    identity_id BIGINT NOT NULL REFERENCES identity (id),
    route_id BIGINT NOT NULL REFERENCES route (id),
    channel_account_id BIGINT NOT NULL REFERENCES channel_account (id),
    direction TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    author_kind TEXT NOT NULL CHECK (author_kind IN ('customer', 'agent', 'bot', 'system')),
    author_id TEXT,
    author_name TEXT NOT NULL,
    blocks TEXT NOT NULL,
    not_shown TEXT NOT NULL,
    at BIGINT NOT NULL,
    external_id TEXT,
    delivery_state TEXT CHECK (delivery_state IN ('queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'uncertain')),
    failure_reason TEXT,
    failure_code TEXT,
    failure_detail TEXT,
    tries BIGINT NOT NULL,
    sent_at BIGINT,
    UNIQUE (channel_account_id, external_id)
);
-- Receipts name a moment: everything of ours up to it.
CREATE INDEX message_awaiting_receipt ON message (route_id, sent_at) WHERE delivery_state IN ('sent', 'delivered');

-- What a provider told us, as it came. Events of one person share a lane and keep their order.
CREATE TABLE inbound_event (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    callback_key TEXT NOT NULL,
    channel_account_id BIGINT REFERENCES channel_account (id),
    address TEXT NOT NULL,
    event_key TEXT NOT NULL,
    lane BIGINT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('stored', 'done', 'unroutable', 'undecodable')),
    error TEXT,
    received_at BIGINT NOT NULL,
    UNIQUE (callback_key, address, event_key)
);
CREATE INDEX inbound_event_waiting ON inbound_event (lane, id) WHERE state = 'stored';
CREATE INDEX inbound_event_problem ON inbound_event (workspace_id, state, id) WHERE state IN ('stored', 'unroutable', 'undecodable');
CREATE INDEX inbound_event_age ON inbound_event (received_at) WHERE state = 'done';

-- Whoever turns a lane's events into entries holds its row until COMMIT.
CREATE TABLE inbound_lane (
    id {ID} PRIMARY KEY,
    turn BIGINT NOT NULL
);
INSERT INTO inbound_lane (id, turn) VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 0), (12, 0), (13, 0), (14, 0), (15, 0);

-- Work under a lease. Of one order key (the identity) only the oldest open job can be taken.
CREATE TABLE job (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    order_key BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'dead')),
    due_at BIGINT NOT NULL,
    lease_owner BIGINT,
    lease_until BIGINT,
    tries BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (kind, subject_id)
);
CREATE INDEX job_due ON job (due_at, id) WHERE state = 'ready';
CREATE INDEX job_order ON job (order_key, id) WHERE state = 'ready';
CREATE INDEX job_workspace ON job (workspace_id, state, id);

-- A call to a provider: written before the call, ended after it. One without an end left and was not answered.
CREATE TABLE attempt (
    message_id BIGINT NOT NULL REFERENCES message (id),
    number BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT,
    code TEXT,
    detail TEXT,
    PRIMARY KEY (message_id, number)
);

CREATE TABLE file (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
