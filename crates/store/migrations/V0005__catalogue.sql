-- Labels, customers' fields and their values, calendars: what a business defines about its customers and itself.

CREATE TABLE label (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    colour TEXT NOT NULL CHECK (colour IN ('grey', 'petrol', 'blue', 'violet', 'plum', 'amber', 'green')),
    archived BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (workspace_id, folded_name)
);
CREATE INDEX label_workspace ON label (workspace_id, id);

-- Who carries a label. One table for each kind of subject, of one shape.
CREATE TABLE customer_label (
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    label_id BIGINT NOT NULL REFERENCES label (id),
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    actor_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, label_id)
);
CREATE INDEX customer_label_label ON customer_label (label_id);

CREATE TABLE attribute (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    attribute_key TEXT NOT NULL,
    name TEXT NOT NULL,
    value_type TEXT NOT NULL CHECK (value_type IN ('text', 'number', 'boolean', 'date', 'choice', 'url', 'email', 'phone')),
    options TEXT NOT NULL,
    description TEXT NOT NULL,
    required BOOLEAN NOT NULL,
    archived BOOLEAN NOT NULL,
    position BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (workspace_id, attribute_key)
);
CREATE INDEX attribute_place ON attribute (workspace_id, position, id);

-- A value is JSON, checked against the type before it is written.
CREATE TABLE customer_attribute (
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    attribute_id BIGINT NOT NULL REFERENCES attribute (id),
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    value TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('agent', 'token', 'profile')),
    actor_id TEXT,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, attribute_id)
);
CREATE INDEX customer_attribute_attribute ON customer_attribute (attribute_id);

-- Who named a customer; null while nobody did. A channel's profile gives way to a person.
ALTER TABLE customer ADD COLUMN name_source TEXT CHECK (name_source IN ('agent', 'token', 'profile'));

CREATE TABLE calendar (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    hours TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (workspace_id, folded_name)
);
CREATE INDEX calendar_workspace ON calendar (workspace_id, id);
