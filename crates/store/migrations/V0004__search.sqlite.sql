
-- The tokens of a document, made by model::fold; the tokenizer `ascii` splits at ASCII signs alone, of which tokens have none.
CREATE VIRTUAL TABLE search_index USING fts5 (stream, extras, content='', contentless_delete=1, tokenize='ascii');
