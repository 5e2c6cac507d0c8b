-- Posts: who is responsible at an office, as officer.assigned says. No name; how to reach a person is a reference.
CREATE TABLE posts (
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
    PRIMARY KEY (office_id, officer_id)
);
CREATE INDEX posts_grid ON posts (grid);
CREATE INDEX posts_region ON posts (region, grid);
CALL protect('posts', '@schema');

-- Occasions: what is to be told of a case at one place (hop, round, branch), and whether it has reached whom it is meant
-- for. `kept`: nobody is there to tell; `stand_in`: the village hears in the place of a grid without a worker. Both have
-- a retry_at with its cause and are tried again until somebody is told or the place is left.
CREATE TABLE occasions (
    occasion_id    uuid PRIMARY KEY,
    case_id        uuid NOT NULL,
    household_id   uuid NOT NULL,
    step           text NOT NULL,
    hop            text,
    round          integer NOT NULL,
    branch         text NOT NULL,
    office         text NOT NULL,
    task_id        uuid,
    level          text NOT NULL CHECK (level IN ('red', 'orange', 'yellow')),
    concerns       text[] NOT NULL,
    due_at         timestamptz,
    not_to         text,
    state          text NOT NULL CHECK (state IN ('told', 'stand_in', 'kept', 'moved', 'ended')),
    cause          text,
    retry_at       timestamptz,
    tries          integer NOT NULL CHECK (tries >= 0),
    tried_at       timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    cause_id       uuid NOT NULL,
    correlation_id uuid NOT NULL,
    region         char(12) COLLATE "C" NOT NULL,
    grid           text COLLATE "C",
    CHECK ((state IN ('stand_in', 'kept')) = (retry_at IS NOT NULL)),
    CHECK ((retry_at IS NOT NULL) = (cause IS NOT NULL))
);
CREATE INDEX occasions_case ON occasions (case_id);
CREATE INDEX occasions_retry ON occasions (retry_at, occasion_id) WHERE state IN ('stand_in', 'kept');
CREATE INDEX occasions_region ON occasions (region, grid);
CALL protect('occasions', '@schema');

-- Notices: one occasion told to one person, in both languages. `notice_id` is made of (case, step with its place, person),
-- and so is the unique key: whatever comes again, nobody is told twice. No foreign key: its check takes a row lock of its
-- own, and key rows are the only ones.
CREATE TABLE notices (
    notice_id      uuid PRIMARY KEY,
    occasion_id    uuid NOT NULL,
    case_id        uuid NOT NULL,
    household_id   uuid NOT NULL,
    officer_id     text NOT NULL,
    office         text NOT NULL,
    part           text NOT NULL,
    step           text NOT NULL,
    hop            text,
    round          integer NOT NULL,
    branch         text NOT NULL,
    task_id        uuid,
    level          text NOT NULL,
    due_at         timestamptz,
    carrier        text NOT NULL,
    state          text NOT NULL CHECK (state IN ('sent', 'read')),
    title_zh       text NOT NULL,
    title_en       text NOT NULL,
    text_zh        text NOT NULL,
    text_en        text NOT NULL,
    link           text,
    created_at     timestamptz NOT NULL,
    read_at        timestamptz,
    event_id       uuid NOT NULL,
    correlation_id uuid NOT NULL,
    region         char(12) COLLATE "C" NOT NULL,
    grid           text COLLATE "C",
    UNIQUE NULLS NOT DISTINCT (case_id, step, hop, round, branch, officer_id),
    CHECK ((state = 'read') = (read_at IS NOT NULL))
);
CREATE INDEX notices_own ON notices (officer_id, created_at DESC, notice_id DESC);
CREATE INDEX notices_unread ON notices (officer_id) WHERE state = 'sent';
CREATE INDEX notices_region ON notices (region, created_at DESC, notice_id DESC);
CALL protect('notices', '@schema');

GRANT SELECT, INSERT, UPDATE ON posts, occasions TO @schema_worker;
GRANT SELECT, INSERT ON notices TO @schema_worker;
-- A person's call reads notices and marks its own as read; it sees neither posts nor occasions.
GRANT SELECT, UPDATE (state, read_at) ON notices TO @schema_api;
