-- Cases: one open case a household, with the policy package and the route that it opened with.
CREATE TABLE cases (
    case_id          uuid PRIMARY KEY,
    household_id     uuid NOT NULL,
    state            text NOT NULL CHECK (state IN ('open', 'resting', 'closed')),
    level            text NOT NULL CHECK (level IN ('red', 'orange', 'yellow')),
    cause            text NOT NULL CHECK (cause IN ('declaration', 'clue', 'finding', 'opinion')),
    policy           text NOT NULL,
    route            jsonb NOT NULL,
    concerns         text[] NOT NULL,
    explanation      jsonb NOT NULL,
    warning_ids      uuid[] NOT NULL,
    withdrawn_ids    uuid[] NOT NULL,
    is_confirmed     boolean NOT NULL,
    rounds           integer NOT NULL CHECK (rounds >= 1),
    returns          integer NOT NULL CHECK (returns >= 0),
    clock_started_at timestamptz NOT NULL,
    journey_due_at   timestamptz NOT NULL,
    opened_at        timestamptz NOT NULL,
    closed_at        timestamptz,
    closed_because   text,
    correlation_id   uuid NOT NULL,
    region           char(12) COLLATE "C" NOT NULL,
    grid             text COLLATE "C",
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX cases_one_open ON cases (household_id) WHERE state <> 'closed';
CREATE INDEX cases_region ON cases (region, grid);
CALL protect('cases', '@schema');

-- Places: where a case is. Exactly one main place an open case, and one more for each new concern that is verified
-- beside it; queue counts are counts of places, so they add up to open cases (and what is verified beside them).
CREATE TABLE places (
    place_id     uuid PRIMARY KEY,
    case_id      uuid NOT NULL,
    household_id uuid NOT NULL,
    hop          text NOT NULL,
    round        integer NOT NULL,
    branch       text NOT NULL,
    is_main      boolean NOT NULL,
    state        text NOT NULL CHECK (state IN ('on_its_way', 'open', 'resting', 'ended')),
    office       text NOT NULL,
    from_hop     text,
    level        text NOT NULL CHECK (level IN ('red', 'orange', 'yellow')),
    lateness     text NOT NULL DEFAULT 'normal' CHECK (lateness IN ('normal', 'due', 'overdue', 'supervised')),
    concerns     text[] NOT NULL,
    warning_id   uuid,
    task_id      uuid,
    sent_at      timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_by     text,
    ended_as     text,
    cause_id     uuid NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C",
    UNIQUE (case_id, hop, round, branch),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK (state <> 'open' OR task_id IS NOT NULL)
);
CREATE UNIQUE INDEX places_one_main ON places (case_id) WHERE is_main AND state <> 'ended';
CREATE INDEX places_household ON places (household_id) WHERE state <> 'ended';
CREATE INDEX places_counts ON places (region, grid, hop, office, level, lateness, state) WHERE state <> 'ended';
CALL protect('places', '@schema');

-- Tasks: what a place asks of an office. `version` counts decisions and merged warnings, never claims.
CREATE TABLE tasks (
    task_id      uuid PRIMARY KEY,
    place_id     uuid NOT NULL UNIQUE,
    case_id      uuid NOT NULL,
    household_id uuid NOT NULL,
    hop          text NOT NULL,
    state        text NOT NULL CHECK (state IN ('open', 'decided', 'cancelled')),
    version      integer NOT NULL CHECK (version >= 1),
    claimed_by   text,
    claimed_at   timestamptz,
    opened_at    timestamptz NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C"
);
CREATE INDEX tasks_household ON tasks (household_id) WHERE state = 'open';
CREATE INDEX tasks_region ON tasks (region, grid, state);
CALL protect('tasks', '@schema');

-- Deadlines: the limit of one round at one hop. `fired` and `wake_at` after it are moved by the alarm alone.
CREATE TABLE deadlines (
    deadline_id  uuid PRIMARY KEY,
    place_id     uuid NOT NULL UNIQUE,
    case_id      uuid NOT NULL,
    household_id uuid NOT NULL,
    hop          text NOT NULL,
    round        integer NOT NULL,
    branch       text NOT NULL,
    state        text NOT NULL CHECK (state IN ('running', 'done', 'ended')),
    sent_at      timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    fired        text[] NOT NULL DEFAULT '{}',
    wake_at      timestamptz,
    tries        integer NOT NULL DEFAULT 0,
    error        text,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C",
    CHECK ((state = 'running') = (wake_at IS NOT NULL))
);
CREATE INDEX deadlines_due ON deadlines (wake_at, deadline_id) WHERE state = 'running';
CREATE INDEX deadlines_household ON deadlines (household_id) WHERE state = 'running';
CREATE INDEX deadlines_region ON deadlines (region, grid);
CALL protect('deadlines', '@schema');

-- History: every step of a case, with its event and what caused it. Appended, never changed.
CREATE TABLE history (
    event_id     uuid PRIMARY KEY,
    cause_id     uuid,
    case_id      uuid NOT NULL,
    household_id uuid NOT NULL,
    number       bigint GENERATED ALWAYS AS IDENTITY,
    at           timestamptz NOT NULL,
    type         text NOT NULL,
    hop          text,
    from_hop     text,
    round        integer,
    branch       text,
    office       text,
    level        text,
    due_at       timestamptz,
    task_id      uuid,
    action       text,
    reason_code  text,
    told         text,
    officer_id   text,
    role         text,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C"
);
CREATE INDEX history_case ON history (case_id, number);
CREATE INDEX history_region ON history (region, grid);
CALL protect('history', '@schema');

-- Decisions: what was told in a form and in free words. They stay here; no event carries them.
CREATE TABLE decisions (
    event_id     uuid PRIMARY KEY,
    task_id      uuid NOT NULL,
    case_id      uuid NOT NULL,
    household_id uuid NOT NULL,
    at           timestamptz NOT NULL,
    version      integer NOT NULL,
    action       text NOT NULL,
    form         jsonb NOT NULL,
    reason_code  text,
    comment      text,
    officer_id   text,
    role         text NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C",
    UNIQUE (task_id, version)
);
CREATE INDEX decisions_case ON decisions (case_id);
CREATE INDEX decisions_region ON decisions (region, grid);
CALL protect('decisions', '@schema');

-- Households: the small copy that a queue shows; no name but the masked one.
CREATE TABLE households (
    household_id uuid PRIMARY KEY,
    household_no text NOT NULL,
    display_name text NOT NULL,
    size         integer NOT NULL,
    status       text NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C"
);
CREATE INDEX households_no ON households (household_no);
CREATE INDEX households_region ON households (region, grid);
CALL protect('households', '@schema');

-- Offices and who is responsible there. An office belongs to no grid: all of its place may know its name.
CREATE TABLE offices (
    office_id text PRIMARY KEY,
    kind      text NOT NULL CHECK (kind IN ('village_group', 'village_committee', 'township', 'county', 'department')),
    name_zh   text NOT NULL,
    name_en   text NOT NULL,
    region    char(12) COLLATE "C" NOT NULL
);
CREATE INDEX offices_region ON offices (region);
CALL protect('offices', '@schema', false);

CREATE TABLE grids (
    grid      text COLLATE "C" PRIMARY KEY,
    office_id text NOT NULL,
    region    char(12) COLLATE "C" NOT NULL
);
CREATE INDEX grids_region ON grids (region, grid);
CALL protect('grids', '@schema');

CREATE TABLE officers (
    officer_id   text PRIMARY KEY,
    name         text NOT NULL,
    display_name text NOT NULL,
    role         text NOT NULL,
    capacity     text CHECK (capacity IN ('handler', 'reviewer', 'approver')),
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C"
);
CREATE INDEX officers_region ON officers (region, grid);
CALL protect('officers', '@schema');

CREATE TABLE assignments (
    officer_id text NOT NULL,
    office_id  text NOT NULL,
    post       text NOT NULL CHECK (post IN ('worker', 'deputy', 'leader', 'member')),
    since      date NOT NULL,
    until      date,
    region     char(12) COLLATE "C" NOT NULL,
    grid       text COLLATE "C",
    PRIMARY KEY (officer_id, office_id)
);
CREATE INDEX assignments_office ON assignments (office_id);
CREATE INDEX assignments_region ON assignments (region, grid);
CALL protect('assignments', '@schema');

GRANT SELECT, INSERT, UPDATE ON cases, places, tasks, deadlines, households, offices, grids, officers, assignments
    TO @schema_worker;
GRANT SELECT, INSERT ON history, decisions TO @schema_worker;

GRANT SELECT ON cases, places, tasks, deadlines, households, offices, grids, officers, assignments, history, decisions
    TO @schema_api;
GRANT INSERT ON places, tasks, deadlines, history, decisions, offices, grids, officers, assignments TO @schema_api;
GRANT UPDATE ON cases, tasks, offices, grids, officers, assignments TO @schema_api;
-- A person's call never moves lateness, nor what has fired: that is the alarm's alone.
GRANT UPDATE (state, office, level, concerns, task_id, due_at, ended_at, ended_by, ended_as, cause_id) ON places
    TO @schema_api;
GRANT UPDATE (state, due_at, wake_at) ON deadlines TO @schema_api;
