-- How far the index of a workspace has followed its log, and who does that now. The documents of workspace number n have the
-- ids from n * 2^40 on, in the order of the log, so that one workspace is a range of ids and newest first is their order.
CREATE TABLE search_cursor (
    workspace_id {ID} PRIMARY KEY REFERENCES workspace (id),
    number BIGINT NOT NULL UNIQUE,
    seq BIGINT NOT NULL,
    last_document_id BIGINT NOT NULL,
    lease_owner BIGINT,
    lease_until BIGINT
);

-- What can be found. `identity_id`: whose thread shows it; null for a customer, who is the subject.
CREATE TABLE search_document (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    kind TEXT NOT NULL CHECK (kind IN ('message', 'note', 'customer')),
    subject_id BIGINT NOT NULL,
    identity_id BIGINT,
    at BIGINT NOT NULL,
    UNIQUE (workspace_id, kind, subject_id)
);
