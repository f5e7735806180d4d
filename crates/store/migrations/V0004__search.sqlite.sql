
-- The tokens of a document, made by model::fold; the tokenizer `ascii` splits at ASCII signs alone, of which tokens have none.
-- Beginnings of two characters have lists of their own: so much begins with them that joining the words' lists takes long.
CREATE VIRTUAL TABLE search_index USING fts5 (stream, extras, content='', contentless_delete=1, tokenize='ascii', prefix='2');
