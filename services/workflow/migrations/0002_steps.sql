-- Seven hops: a hop has steps, each with a task and a deadline of its own; a case has totals, pauses and a result.
ALTER TABLE cases
    ADD COLUMN is_green     boolean NOT NULL DEFAULT false,
    ADD COLUMN is_noticed   boolean NOT NULL DEFAULT false,
    ADD COLUMN result       text CHECK (result IN ('identified', 'refused', 'helped')),
    ADD COLUMN departments  text[] NOT NULL DEFAULT '{}',
    ADD COLUMN returned_by  text[] NOT NULL DEFAULT '{}',
    ADD COLUMN refused_by   text[] NOT NULL DEFAULT '{}',
    ADD COLUMN pauses       integer NOT NULL DEFAULT 0,
    ADD COLUMN appeals      integer NOT NULL DEFAULT 0,
    ADD COLUMN appeal_until date,
    ADD COLUMN ends         jsonb NOT NULL DEFAULT '{}',
    DROP COLUMN returns,
    DROP CONSTRAINT cases_state_check,
    ADD CONSTRAINT cases_state_check CHECK (state IN ('open', 'tracking', 'closed'));
CREATE INDEX cases_of_household ON cases (household_id, opened_at);

-- A place is at one step; beside the main way run verifications, departments, relief, announcement, result and appeal.
ALTER TABLE places
    ADD COLUMN step            text NOT NULL DEFAULT 'first_look',
    ADD COLUMN prepared_by     text,
    ADD COLUMN proposal        text CHECK (proposal IN ('qualifies', 'does_not_qualify')),
    ADD COLUMN proposal_reason text,
    ADD COLUMN planned_on      date,
    ADD COLUMN notice_until    date,
    ADD COLUMN paused_at       timestamptz,
    ADD COLUMN paused_until    timestamptz,
    DROP CONSTRAINT places_case_id_hop_round_branch_key,
    ADD CONSTRAINT places_once UNIQUE (case_id, hop, step, round, branch),
    DROP CONSTRAINT places_state_check,
    ADD CONSTRAINT places_state_check CHECK (state IN ('on_its_way', 'open', 'tracking', 'ended')),
    ADD CONSTRAINT places_paused CHECK ((paused_at IS NULL) = (paused_until IS NULL));

ALTER TABLE tasks ADD COLUMN step text NOT NULL DEFAULT 'first_look';

ALTER TABLE deadlines
    ADD COLUMN step text NOT NULL DEFAULT 'first_look',
    DROP CONSTRAINT deadlines_state_check,
    ADD CONSTRAINT deadlines_state_check CHECK (state IN ('running', 'paused', 'done', 'ended')),
    DROP CONSTRAINT deadlines_check,
    ADD CONSTRAINT deadlines_wake CHECK ((state IN ('running', 'paused')) = (wake_at IS NOT NULL));
DROP INDEX deadlines_due, deadlines_household;
CREATE INDEX deadlines_due ON deadlines (wake_at, deadline_id) WHERE state IN ('running', 'paused');
CREATE INDEX deadlines_household ON deadlines (household_id) WHERE state IN ('running', 'paused');

ALTER TABLE history ADD COLUMN step text;

GRANT UPDATE (is_main, planned_on, notice_until, paused_at, paused_until) ON places TO @schema_api;
