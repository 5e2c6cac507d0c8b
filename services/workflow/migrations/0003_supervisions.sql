-- Supervisions: three days after a limit the office above asks for a written answer, and it alone closes it.
CREATE TABLE supervisions (
    supervision_id uuid PRIMARY KEY,
    place_id       uuid NOT NULL UNIQUE,
    case_id        uuid NOT NULL,
    household_id   uuid NOT NULL,
    hop            text NOT NULL,
    round          integer NOT NULL,
    branch         text NOT NULL,
    office         text NOT NULL,
    supervisor     text NOT NULL CHECK (supervisor <> office),
    level          text NOT NULL CHECK (level IN ('red', 'orange', 'yellow')),
    state          text NOT NULL CHECK (state IN ('open', 'answered', 'closed')),
    due_at         timestamptz NOT NULL,
    opened_at      timestamptz NOT NULL,
    answered_by    text[] NOT NULL DEFAULT '{}',
    closed_at      timestamptz,
    closed_by      text,
    cause_id       uuid NOT NULL,
    region         char(12) COLLATE "C" NOT NULL,
    grid           text COLLATE "C",
    CHECK ((state = 'open') = (answered_by = '{}')),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (closed_by IS NOT NULL)),
    CHECK (closed_by <> ALL (answered_by))
);
CREATE INDEX supervisions_household ON supervisions (household_id);
CREATE INDEX supervisions_region ON supervisions (region, grid, state);
CALL protect('supervisions', '@schema');

-- Statements: what was written to a supervision, an answer or its closure. Appended, never changed.
CREATE TABLE statements (
    event_id       uuid PRIMARY KEY,
    supervision_id uuid NOT NULL,
    case_id        uuid NOT NULL,
    household_id   uuid NOT NULL,
    number         integer NOT NULL,
    at             timestamptz NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('answer', 'closure')),
    text           text NOT NULL,
    officer_id     text NOT NULL,
    role           text NOT NULL,
    region         char(12) COLLATE "C" NOT NULL,
    grid           text COLLATE "C",
    UNIQUE (supervision_id, number)
);
CREATE INDEX statements_region ON statements (region, grid);
CALL protect('statements', '@schema');

GRANT SELECT, INSERT, UPDATE ON supervisions TO @schema_worker;
GRANT SELECT, INSERT ON statements TO @schema_worker;
GRANT SELECT ON supervisions, statements TO @schema_api;
GRANT UPDATE (state, answered_by, closed_at, closed_by, cause_id) ON supervisions TO @schema_api;
GRANT INSERT ON statements TO @schema_api;
