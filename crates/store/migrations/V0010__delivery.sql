-- Whom we do not write to, why an account does not send for now, and messages that wait for their time.

-- Set when the business decided not to write to it. The reason is a person's words: here, where erasing finds it.
ALTER TABLE identity ADD COLUMN suppressed_at BIGINT;
ALTER TABLE identity ADD COLUMN suppressed_by TEXT;
ALTER TABLE identity ADD COLUMN suppressed_reason TEXT;

-- The last pause of an account. It sends when there is none, or `paused_until` is over; null until somebody mends it.
ALTER TABLE channel_account ADD COLUMN pause_reason TEXT CHECK (pause_reason IN ('rate_limited', 'policy_blocked', 'unauthorized'));
ALTER TABLE channel_account ADD COLUMN paused_at BIGINT;
ALTER TABLE channel_account ADD COLUMN paused_until BIGINT;
ALTER TABLE channel_account ADD COLUMN pause_code TEXT;
ALTER TABLE channel_account ADD COLUMN pause_detail TEXT;
-- How often in a row the provider said "too much": pauses grow with it.
ALTER TABLE channel_account ADD COLUMN pauses_in_a_row BIGINT NOT NULL DEFAULT 0;

-- Over which account a delivery goes: what an account cannot take now is left for others.
ALTER TABLE job ADD COLUMN channel_account_id BIGINT REFERENCES channel_account (id);
UPDATE job SET channel_account_id = (SELECT channel_account_id FROM message WHERE message.id = job.subject_id) WHERE kind = 'deliver';
CREATE INDEX job_account ON job (channel_account_id, due_at) WHERE state = 'ready' AND channel_account_id IS NOT NULL;

-- A customer's message calls it back while it waits for its time.
ALTER TABLE message ADD COLUMN cancel_on_reply BOOLEAN NOT NULL DEFAULT FALSE;
-- The matter that the writer of a message for later named. It joins one when it goes.
ALTER TABLE message ADD COLUMN later_episode_id BIGINT REFERENCES episode (id);
ALTER TABLE message ADD COLUMN client_id TEXT;
-- The message that this one sends again another way, and the other way round.
ALTER TABLE message ADD COLUMN resent_from BIGINT REFERENCES message (id);
ALTER TABLE message ADD COLUMN resent_as BIGINT REFERENCES message (id);
-- The other ways that were open when it could not go its own, as a JSON list.
ALTER TABLE message ADD COLUMN alternatives TEXT NOT NULL DEFAULT '[]';
CREATE INDEX message_cancel_on_reply ON message (identity_id, id) WHERE cancel_on_reply AND delivery_state = 'queued';
CREATE INDEX message_resent_from ON message (resent_from) WHERE resent_from IS NOT NULL;
CREATE INDEX message_resent_as ON message (resent_as) WHERE resent_as IS NOT NULL;
CREATE INDEX message_later_episode ON message (later_episode_id) WHERE later_episode_id IS NOT NULL;
-- What has no end yet: each of these has a job, or the sweep says so.
CREATE INDEX message_under_way ON message (workspace_id, recorded_at) WHERE delivery_state IN ('queued', 'sending');
