-- What farmers and cadres report: one row a report, what was told in words sealed whole. `household_id` is the key under
-- which it was told, for ever; `matched_household_id` the registered household that a provisional one turned out to be.
CREATE TABLE clues (
    clue_id              uuid PRIMARY KEY,
    call_id              uuid NOT NULL UNIQUE,
    cause                text NOT NULL CHECK (cause IN ('declaration', 'clue')),
    channel              text NOT NULL,
    outcome              text NOT NULL CHECK (outcome IN ('accepted', 'duplicate', 'parked')),
    household_id         uuid NOT NULL,
    matched_household_id uuid,
    person_id            uuid,
    named_household_id   uuid,
    declarer             bytea,
    receipt              bytea UNIQUE,
    phone_last4          bytea,
    concerns             text[] NOT NULL,
    level                text CHECK (level IN ('red', 'orange', 'yellow')),
    is_green             boolean NOT NULL,
    reported_at          timestamptz NOT NULL,
    reported_by_role     text NOT NULL,
    reported_by          text,
    times                integer NOT NULL CHECK (times > 0),
    has_code             boolean NOT NULL,
    told                 bytea NOT NULL,
    display_name         text NOT NULL,
    withdrawn_at         timestamptz,
    region               char(12) COLLATE "C" NOT NULL,
    grid                 text COLLATE "C" NOT NULL,
    CHECK ((cause = 'declaration') = (receipt IS NOT NULL))
);
CREATE INDEX clues_household ON clues (household_id, reported_at);
CREATE INDEX clues_matched ON clues (matched_household_id, reported_at) WHERE matched_household_id IS NOT NULL;
CREATE INDEX clues_declarer ON clues (declarer, reported_at) WHERE declarer IS NOT NULL;
CREATE INDEX clues_unmatched ON clues (reported_at, clue_id) WHERE matched_household_id IS NULL;
CREATE INDEX clues_region ON clues (region);
CALL protect('clues', '@schema');

-- Complaints, objections and what is told in confidence: for an independent handler of the township or county alone
-- (people A4). The region is the handler's own place, so that row scope itself shows nothing to anybody below.
CREATE TABLE complaints (
    complaint_id   uuid PRIMARY KEY,
    call_id        uuid NOT NULL UNIQUE,
    boundary       text NOT NULL CHECK (boundary IN ('clue', 'objection')),
    channel        text NOT NULL,
    household_id   uuid,
    about_offices  text[] NOT NULL,
    about_officers text[] NOT NULL,
    is_confidential boolean NOT NULL,
    received_at    timestamptz NOT NULL,
    reported_by_role text NOT NULL,
    told           bytea NOT NULL,
    region         char(12) COLLATE "C" NOT NULL
);
CREATE INDEX complaints_region ON complaints (region, received_at, complaint_id);
CALL protect('complaints', '@schema', false);

-- One appeal a refusal; its words sealed.
CREATE TABLE appeals (
    clue_id      uuid NOT NULL,
    refusal      integer NOT NULL CHECK (refusal > 0),
    household_id uuid NOT NULL,
    appealed_at  timestamptz NOT NULL,
    told         bytea NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C" NOT NULL,
    PRIMARY KEY (household_id, refusal)
);
CREATE INDEX appeals_region ON appeals (region);
CALL protect('appeals', '@schema');

-- Where a household's case stands, as its declarer may hear it: from stage.advanced alone.
CREATE TABLE declaration_progress (
    household_id uuid PRIMARY KEY,
    case_id      uuid NOT NULL,
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
CREATE INDEX declaration_progress_notice ON declaration_progress (region, notice_until) WHERE notice_until IS NOT NULL;
CALL protect('declaration_progress', '@schema');

-- Tries at a receipt within the hour that failed, by the receipt's blind index, whether there is such a receipt or not.
CREATE TABLE receipt_tries (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receipt bytea NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX receipt_tries_receipt ON receipt_tries (receipt, at);
CREATE INDEX receipt_tries_at ON receipt_tries (at);

-- What readers of calls counted, before anything was made of it; and what became neither a clue nor a complaint.
CREATE TABLE clue_calls (
    call_id  uuid PRIMARY KEY,
    boundary text NOT NULL CHECK (boundary IN ('declaration', 'clue', 'objection')),
    at       timestamptz NOT NULL DEFAULT civil.now()
);
CREATE TABLE clue_rejections (
    call_id  uuid PRIMARY KEY,
    boundary text NOT NULL,
    code     text NOT NULL,
    field    text,
    at       timestamptz NOT NULL DEFAULT civil.now()
);
CREATE TABLE clue_repeats (
    call_id  uuid PRIMARY KEY,
    boundary text NOT NULL,
    at       timestamptz NOT NULL DEFAULT civil.now()
);

GRANT SELECT, INSERT ON clues, complaints, appeals, clue_calls, clue_rejections, clue_repeats TO @schema_worker;
GRANT UPDATE (matched_household_id, withdrawn_at, region, grid) ON clues TO @schema_worker;
GRANT SELECT, INSERT, UPDATE ON declaration_progress TO @schema_worker;
GRANT SELECT, INSERT, DELETE ON receipt_tries TO @schema_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA @schema TO @schema_worker;
GRANT SELECT ON clues, complaints TO @schema_api;
