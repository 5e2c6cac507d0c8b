-- Read tables of the console. They can be dropped and rebuilt from the topics; nothing here is the only copy.

-- Every step of every service about a household. `what` may be seen by whoever may see the household; `exact` holds
-- sums, departments' words and findings, and is for township and above (people.md A5). No names: `officer_id` alone.
CREATE TABLE timeline (
    event_id       uuid PRIMARY KEY,
    cause_id       uuid,
    correlation_id uuid NOT NULL,
    household_id   uuid NOT NULL,
    at             timestamptz NOT NULL,
    topic          text NOT NULL,
    sequence       bigint NOT NULL,
    service        text NOT NULL,
    type           text NOT NULL,
    officer_id     text,
    role           text,
    what           jsonb NOT NULL,
    exact          jsonb NOT NULL DEFAULT '{}',
    department     text,
    record_id      text,
    version        integer,
    region         char(12) COLLATE "C" NOT NULL,
    grid           text
);
CREATE INDEX timeline_household ON timeline (household_id, at, topic, sequence);
CREATE INDEX timeline_region ON timeline (region);
CALL protect('timeline', 'console', true);
GRANT SELECT ON timeline TO console_api;
GRANT SELECT, INSERT, UPDATE ON timeline TO console_worker;

-- Households as they are told in public: for the search and for the head of a household's page.
CREATE TABLE households (
    household_id   uuid PRIMARY KEY,
    household_no   text NOT NULL,
    display_name   text NOT NULL,
    size           integer NOT NULL,
    group_number   integer NOT NULL,
    status         text NOT NULL,
    merged_into    uuid,
    poverty_history text NOT NULL,
    monitoring     text NOT NULL,
    sequence       bigint NOT NULL,
    region         char(12) COLLATE "C" NOT NULL,
    grid           text NOT NULL
);
CREATE INDEX households_region ON households (region, household_no);
CREATE INDEX households_number ON households (household_no text_pattern_ops);
CREATE INDEX households_name ON households (display_name text_pattern_ops);
CALL protect('households', 'console', true);
GRANT SELECT ON households TO console_api;
GRANT SELECT, INSERT, UPDATE ON households TO console_worker;

-- Who is responsible for what: masked names beside officer ids on a timeline, and a demo's sign-in list.
CREATE TABLE officers (
    officer_id   text NOT NULL,
    office_id    text NOT NULL,
    office_kind  text NOT NULL,
    office_zh    text NOT NULL,
    office_en    text NOT NULL,
    display_name text NOT NULL,
    role         text NOT NULL,
    capacity     text,
    post         text NOT NULL,
    since        date NOT NULL,
    until        date,
    sequence     bigint NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text,
    PRIMARY KEY (officer_id, office_id)
);
CREATE INDEX officers_region ON officers (region);
CALL protect('officers', 'console', false);
GRANT SELECT ON officers TO console_api;
GRANT SELECT, INSERT, UPDATE ON officers TO console_worker;

-- Who is signed in. The cookie holds a random id, this row its hash alone. Without a region: reached by that id only.
CREATE TABLE sessions (
    id_hash    bytea PRIMARY KEY CHECK (octet_length(id_hash) = 32),
    csrf       text NOT NULL,
    officer    jsonb NOT NULL,
    began_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires_at);
GRANT SELECT, INSERT, DELETE ON sessions TO console_api;
GRANT SELECT ON sessions TO console_worker;
