-- Steps inside a hop, the green channel, the farmer's own messages, carriers that leave the house, and escalation.
-- Every new column may be empty: the code before this one goes on writing while it is replaced.

-- `about` tells apart what one place is told of one step: a hop's step, a deadline, a day.
ALTER TABLE occasions
    ADD hop_step text,
    ADD about text,
    ADD is_green boolean;

-- A household's own message has no level, and before a case is opened no case. `escalate_at`: when a red one that is
-- still unread goes to the next person.
ALTER TABLE notices
    ALTER case_id DROP NOT NULL,
    ALTER level DROP NOT NULL,
    ADD hop_step text,
    ADD about text,
    ADD escalate_at timestamptz,
    ADD escalated_at timestamptz,
    DROP CONSTRAINT notices_case_id_step_hop_round_branch_officer_id_key,
    ADD CONSTRAINT notices_once UNIQUE NULLS NOT DISTINCT (case_id, step, hop, round, branch, about, officer_id);
CREATE INDEX notices_unread_red ON notices (escalate_at, notice_id) WHERE state = 'sent' AND escalate_at IS NOT NULL;
CREATE INDEX notices_occasion ON notices (occasion_id);
CREATE INDEX notices_household ON notices (household_id, officer_id);
GRANT UPDATE (escalate_at, escalated_at) ON notices TO @schema_worker;

-- Spells: who acts in the post of somebody on leave, from a day until a day. The posts themselves stay.
CREATE TABLE spells (
    officer_id  text NOT NULL,
    office_id   text NOT NULL,
    office_kind text NOT NULL,
    office_zh   text NOT NULL,
    office_en   text NOT NULL,
    role        text NOT NULL,
    capacity    text,
    post        text NOT NULL CHECK (post IN ('worker', 'deputy', 'leader', 'member')),
    since       date NOT NULL,
    until       date,
    changed_at  timestamptz NOT NULL,
    region      char(12) COLLATE "C" NOT NULL,
    grid        text COLLATE "C",
    stands_in_for text NOT NULL,
    PRIMARY KEY (office_id, officer_id, stands_in_for, since)
);
CREATE INDEX spells_grid ON spells (grid);
CREATE INDEX spells_region ON spells (region, grid);
CALL protect('spells', '@schema');
GRANT SELECT, INSERT, UPDATE ON spells TO @schema_worker;

-- Contacts: how an officer wishes to be told. The address is sealed; no person's call sees this table (the worker
-- writes for the one who asks). A household's address is never here: intake says it at the moment of sending.
CREATE TABLE contacts (
    officer_id text PRIMARY KEY,
    language   text NOT NULL CHECK (language IN ('zh-CN', 'en')),
    carriers   text[] NOT NULL,
    email      bytea,
    changed_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON contacts TO @schema_worker;

-- Dispatches: a notice's way out of the house by one carrier. `due` and `claimed` have a due_at; a claim lapses by the
-- machine's clock, so that what a process took and did not finish is taken by another.
CREATE TABLE dispatches (
    dispatch_id   uuid PRIMARY KEY,
    notice_id     uuid NOT NULL,
    occasion_id   uuid NOT NULL,
    household_id  uuid NOT NULL,
    officer_id    text NOT NULL,
    carrier       text NOT NULL,
    state         text NOT NULL CHECK (state IN ('due', 'claimed', 'sent', 'failed', 'dropped')),
    due_at        timestamptz,
    tries         integer NOT NULL CHECK (tries >= 0),
    cause         text,
    claim_id      uuid,
    claimed_until timestamptz,
    created_at    timestamptz NOT NULL,
    sent_at       timestamptz,
    region        char(12) COLLATE "C" NOT NULL,
    grid          text COLLATE "C",
    UNIQUE (notice_id, carrier),
    CHECK ((state IN ('due', 'claimed')) = (due_at IS NOT NULL)),
    CHECK ((state = 'claimed') = (claim_id IS NOT NULL)),
    CHECK ((claim_id IS NULL) = (claimed_until IS NULL)),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX dispatches_due ON dispatches (due_at, dispatch_id) WHERE state IN ('due', 'claimed');
CREATE INDEX dispatches_region ON dispatches (region, grid);
CALL protect('dispatches', '@schema');
GRANT SELECT, INSERT, UPDATE ON dispatches TO @schema_worker;
GRANT SELECT ON dispatches TO @schema_api;
