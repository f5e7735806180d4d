-- When the provider was last asked who somebody is; null: never.
ALTER TABLE identity ADD COLUMN profile_at BIGINT;

-- Messages that were written as one and that the channel carries only as several: the first of them.
ALTER TABLE message ADD COLUMN first_part_id BIGINT;
CREATE INDEX message_part ON message (first_part_id, id) WHERE first_part_id IS NOT NULL;

-- The addresses of files that could not be copied are kept for another try, and forgotten after some days.
CREATE INDEX file_retriable ON file (created_at) WHERE state = 'failed' AND source_url IS NOT NULL;
