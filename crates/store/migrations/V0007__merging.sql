-- Customers that were made one, and how sure we are of who is behind an identity.

-- Active until it is undone. Of one alias at most one is.
CREATE TABLE merge (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    survivor_id BIGINT NOT NULL REFERENCES customer (id),
    alias_id BIGINT NOT NULL REFERENCES customer (id),
    at BIGINT NOT NULL,
    actor_id TEXT NOT NULL,
    -- A person's words: here, where erasing finds them, and not in the log.
    reason TEXT NOT NULL,
    undone_at BIGINT,
    undone_by TEXT
);
CREATE INDEX merge_survivor ON merge (survivor_id, id);
CREATE INDEX merge_alias ON merge (alias_id, id);
CREATE UNIQUE INDEX merge_active ON merge (alias_id) WHERE undone_at IS NULL;

-- What active merges moved and still hold. Un-merging removes the rows of what it gives back.
CREATE TABLE merge_identity (
    merge_id BIGINT NOT NULL REFERENCES merge (id),
    identity_id BIGINT NOT NULL REFERENCES identity (id),
    PRIMARY KEY (merge_id, identity_id)
);
CREATE INDEX merge_identity_holder ON merge_identity (identity_id);

-- Whom an alias stands for in the end, however many merges lead there; null for those who are shown.
ALTER TABLE customer ADD COLUMN merged_into BIGINT REFERENCES customer (id);
ALTER TABLE thread ADD COLUMN merged_into BIGINT REFERENCES thread (id);
CREATE INDEX customer_merged ON customer (merged_into, id) WHERE merged_into IS NOT NULL;
CREATE INDEX thread_merged ON thread (merged_into) WHERE merged_into IS NOT NULL;

-- Lists show survivors only.
DROP INDEX customer_workspace;
CREATE INDEX customer_shown ON customer (workspace_id, id) WHERE merged_into IS NULL;
DROP INDEX thread_activity;
CREATE INDEX thread_shown ON thread (workspace_id, last_activity_at, id) WHERE merged_into IS NULL;

-- Claimed: the address as a channel told it. Verified: shown to be this person's, by a source and at a time.
ALTER TABLE identity ADD COLUMN verification TEXT NOT NULL DEFAULT 'claimed' CHECK (verification IN ('claimed', 'verified'));
ALTER TABLE identity ADD COLUMN verification_source TEXT NOT NULL DEFAULT 'channel';
-- Null: since the identity is there.
ALTER TABLE identity ADD COLUMN verification_at BIGINT;
