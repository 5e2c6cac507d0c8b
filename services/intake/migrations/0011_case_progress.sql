-- Where each case stands, as its declarer may hear it: one row a case, so that a later one hides none that was refused.
-- `household_id` is where the case is now; `opened_at` and `closed_at` (the first closing) say which reports it answers.
-- `declaration_progress`, one row a household, is written by the code before this one alone while it is replaced.
CREATE TABLE case_progress (
    case_id      uuid PRIMARY KEY,
    household_id uuid NOT NULL,
    opened_at    timestamptz NOT NULL,
    closed_at    timestamptz,
    state        text NOT NULL CHECK (state IN ('open', 'tracking', 'closed')),
    hop          text,
    step         text,
    result       text CHECK (result IN ('identified', 'refused', 'helped')),
    reason_code  text,
    refusals     integer NOT NULL CHECK (refusals >= 0),
    is_appealed  boolean NOT NULL,
    is_paused    boolean NOT NULL,
    due_at       timestamptz,
    journey_due_at timestamptz,
    planned_on   date,
    notice_until date,
    appeal_until date,
    changed_at   timestamptz NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C"
);
CREATE INDEX case_progress_household ON case_progress (household_id, opened_at);
CREATE INDEX case_progress_notice ON case_progress (region, notice_until) WHERE notice_until IS NOT NULL;
CALL protect('case_progress', '@schema');
GRANT SELECT, INSERT, UPDATE ON case_progress TO @schema_worker;
INSERT INTO case_progress
SELECT DISTINCT ON (case_id) case_id, household_id, changed_at, CASE WHEN state = 'closed' THEN changed_at END, state, hop,
    step, result, reason_code, refusals, is_appealed, is_paused, due_at, journey_due_at, planned_on, notice_until,
    appeal_until, changed_at, region, grid
FROM declaration_progress ORDER BY case_id, changed_at DESC;

-- An appeal is one a refusal of a case: a household may have had more than one.
ALTER TABLE appeals
    ADD COLUMN case_id uuid,
    DROP CONSTRAINT appeals_pkey,
    ADD CONSTRAINT appeals_once UNIQUE NULLS NOT DISTINCT (household_id, case_id, refusal);
UPDATE appeals a SET case_id = p.case_id FROM declaration_progress p WHERE p.household_id = a.household_id;
CREATE INDEX appeals_case ON appeals (case_id);
