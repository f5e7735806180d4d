-- Every event was put into this index when it came and taken out when it became an entry, only to be listed in between.
-- Those that wait are found by `inbound_event_waiting`.
DROP INDEX inbound_event_problem;
CREATE INDEX inbound_event_problem ON inbound_event (workspace_id, state, id) WHERE state IN ('unroutable', 'undecodable');

-- Under which address people reach the server that holds this number; null for short commands, which print links to it.
ALTER TABLE node ADD COLUMN serves_at TEXT;
