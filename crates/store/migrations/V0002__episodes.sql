-- Matters inside a thread, what they promise, notes, and what messages gain with them.

-- `facts` is what model::episode works on, as JSON; what is looked for or sorted by stands in columns as well.
-- It belongs to the identity that opened it and moves with it: no customer here.
CREATE TABLE episode (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    identity_id BIGINT NOT NULL REFERENCES identity (id),
    state TEXT NOT NULL CHECK (state IN ('new', 'active', 'parked', 'snoozed', 'on_hold', 'resolved', 'closed')),
    ball TEXT NOT NULL CHECK (ball IN ('customer', 'bot', 'human', 'third_party', 'nobody')),
    assignee_id BIGINT REFERENCES agent (id),
    subject TEXT NOT NULL,
    topic TEXT NOT NULL,
    follows_id BIGINT REFERENCES episode (id),
    opened_at BIGINT NOT NULL,
    last_activity_at BIGINT NOT NULL,
    facts TEXT NOT NULL,
    -- The orders, devices and the like that its messages name, as a JSON list.
    objects TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- The last act of a person or program: run again after a lost answer, it finds itself done.
    last_act BIGINT
);
-- A thread's matters, newest first.
CREATE INDEX episode_identity ON episode (identity_id, id);
-- What a message may join.
CREATE INDEX episode_open ON episode (identity_id, last_activity_at) WHERE state NOT IN ('resolved', 'closed');
-- What ended last, to be reopened or followed.
CREATE INDEX episode_ended ON episode (identity_id, last_activity_at) WHERE state IN ('resolved', 'closed');
CREATE INDEX episode_open_activity ON episode (workspace_id, last_activity_at, id) WHERE state NOT IN ('resolved', 'closed');
CREATE INDEX episode_state ON episode (workspace_id, state, last_activity_at, id);
CREATE INDEX episode_assignee ON episode (assignee_id, last_activity_at, id) WHERE state NOT IN ('resolved', 'closed');
CREATE INDEX episode_follows ON episode (follows_id) WHERE follows_id IS NOT NULL;

-- What was told to a customer to happen by a time.
CREATE TABLE promise (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    episode_id BIGINT NOT NULL REFERENCES episode (id),
    text TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'kept', 'broken')),
    author_kind TEXT NOT NULL CHECK (author_kind IN ('agent', 'bot', 'system')),
    author_id TEXT,
    author_name TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX promise_episode ON promise (episode_id, id);
CREATE INDEX promise_open ON promise (episode_id) WHERE state = 'open';

-- What colleagues write to each other. Filed under an identity, so that it moves with its episode.
CREATE TABLE note (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    identity_id BIGINT NOT NULL REFERENCES identity (id),
    episode_id BIGINT REFERENCES episode (id),
    author_kind TEXT NOT NULL CHECK (author_kind IN ('agent', 'bot', 'system')),
    author_id TEXT,
    author_name TEXT NOT NULL,
    text TEXT NOT NULL,
    mentions TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX note_episode ON note (episode_id) WHERE episode_id IS NOT NULL;
CREATE INDEX note_identity ON note (identity_id, id);

CREATE TABLE mention (
    agent_id BIGINT NOT NULL REFERENCES agent (id),
    note_id BIGINT NOT NULL REFERENCES note (id),
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    PRIMARY KEY (agent_id, note_id)
);

-- Where a message belongs now (the log says where it was filed first).
ALTER TABLE message ADD COLUMN episode_id BIGINT REFERENCES episode (id);
-- Whether it answers (substantive), asks for patience (holding) or only confirms (acknowledgement).
ALTER TABLE message ADD COLUMN reply_kind TEXT NOT NULL DEFAULT 'substantive' CHECK (reply_kind IN ('substantive', 'holding', 'acknowledgement'));
-- What it is to the turns of its episode: a message, one that opened it again, or a thank-you after the end.
ALTER TABLE message ADD COLUMN turn_part TEXT NOT NULL DEFAULT 'message' CHECK (turn_part IN ('message', 'reopening', 'coda'));
-- When it reached us, or was written here: what turns are counted by.
ALTER TABLE message ADD COLUMN recorded_at BIGINT;
-- JSON: the quoted message, the reactions, the option chosen.
ALTER TABLE message ADD COLUMN reply_to TEXT;
ALTER TABLE message ADD COLUMN reactions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE message ADD COLUMN choice TEXT;
ALTER TABLE message ADD COLUMN edited_at BIGINT;
ALTER TABLE message ADD COLUMN edits BIGINT NOT NULL DEFAULT 0;
-- When it shall go, when that is later than now.
ALTER TABLE message ADD COLUMN send_at BIGINT;
CREATE INDEX message_episode ON message (episode_id, id) WHERE episode_id IS NOT NULL;
-- Heard while another program of the business has the conversation.
ALTER TABLE message ADD COLUMN standby BOOLEAN NOT NULL DEFAULT FALSE;

-- What providers tell beside messages: a referral, an opt-in, a survey's answer. `details` are the provider's own words and
-- personal: here, where erasing finds them, and not in the log.
CREATE TABLE happening (
    id {ID} PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspace (id),
    identity_id BIGINT REFERENCES identity (id),
    channel_account_id BIGINT NOT NULL REFERENCES channel_account (id),
    what TEXT NOT NULL,
    details TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX happening_identity ON happening (identity_id, id) WHERE identity_id IS NOT NULL;
CREATE INDEX happening_account ON happening (channel_account_id, id);
