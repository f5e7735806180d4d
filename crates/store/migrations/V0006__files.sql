-- What is known of a file beyond its bytes: whether they are here yet, what they show, whose they are.

ALTER TABLE file ADD COLUMN state TEXT NOT NULL DEFAULT 'stored' CHECK (state IN ('stored', 'fetching', 'failed'));
-- Where a provider keeps it, sealed: the signed address of a customer's picture is personal data. Gone once the bytes are
-- here or will never be.
ALTER TABLE file ADD COLUMN source_url TEXT;
-- Why there will never be bytes, in one word.
ALTER TABLE file ADD COLUMN failure TEXT;
ALTER TABLE file ADD COLUMN width BIGINT;
ALTER TABLE file ADD COLUMN height BIGINT;
ALTER TABLE file ADD COLUMN duration_ms BIGINT;
ALTER TABLE file ADD COLUMN created_by TEXT;
-- The first message that it is part of. A file of none goes after a day.
ALTER TABLE file ADD COLUMN message_id BIGINT REFERENCES message (id);
CREATE INDEX file_message ON file (message_id, created_at);
