-- The picture that a provider shows of a person: a file of ours, by its id. No reference, or every file that goes would read all
-- identities; a file that belongs to one never goes.
ALTER TABLE identity ADD COLUMN picture_id BIGINT;
-- Whose picture a file is. A file that is neither this nor part of a message goes after a day.
ALTER TABLE file ADD COLUMN identity_id BIGINT REFERENCES identity (id);
CREATE INDEX file_unused ON file (created_at) WHERE message_id IS NULL AND identity_id IS NULL;
