
-- The tokens of a document, made by model::fold. No text-search configuration is involved. Entries go into the index at once:
-- a list of pending ones would be read by every search.
CREATE TABLE search_index (
    id BIGINT PRIMARY KEY,
    tokens TSVECTOR NOT NULL
);
ALTER TABLE search_index ALTER COLUMN tokens SET STATISTICS 0;
CREATE INDEX search_index_tokens ON search_index USING GIN (tokens) WITH (fastupdate = off);
