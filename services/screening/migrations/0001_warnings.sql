-- Facts: append-only and bitemporal: `valid_on` is when it was true, `known_at` when we learned of it. The live ones
-- stand in the household's key row.
CREATE TABLE facts (
    event_id     uuid PRIMARY KEY,
    household_id uuid NOT NULL,
    department   text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    record_id    text COLLATE "C" NOT NULL,
    version      integer NOT NULL,
    told         text NOT NULL CHECK (told IN ('changed', 'corrected', 'withdrawn')),
    valid_on     date NOT NULL,
    known_at     timestamptz NOT NULL,
    said         jsonb,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C"
);
CREATE INDEX facts_household ON facts (household_id, known_at);
CREATE INDEX facts_region ON facts (region);
CALL protect('facts', '@schema');

-- One open warning a household: a second one cannot be written.
CREATE TABLE warnings (
    warning_id     uuid PRIMARY KEY,
    household_id   uuid NOT NULL,
    household_no   text COLLATE "C",
    state          text NOT NULL CHECK (state IN ('open', 'suppressed', 'withdrawn', 'closed')),
    level          text NOT NULL CHECK (level IN ('red', 'orange', 'yellow')),
    is_provisional boolean NOT NULL,
    told           jsonb NOT NULL,
    raised_at      timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    region         char(12) COLLATE "C" NOT NULL,
    grid           text COLLATE "C"
);
CREATE UNIQUE INDEX warnings_one_open ON warnings (household_id) WHERE state IN ('open', 'suppressed');
CREATE INDEX warnings_household ON warnings (household_id);
CREATE INDEX warnings_number ON warnings (household_no);
CREATE INDEX warnings_region ON warnings (region, raised_at);
CALL protect('warnings', '@schema');

-- What people made of a warning: the ground for each rule's precision.
CREATE TABLE outcomes (
    event_id   uuid PRIMARY KEY,
    warning_id uuid NOT NULL,
    outcome    text NOT NULL,
    at         timestamptz NOT NULL,
    region     char(12) COLLATE "C" NOT NULL,
    grid       text COLLATE "C"
);
CREATE INDEX outcomes_warning ON outcomes (warning_id);
CREATE INDEX outcomes_region ON outcomes (region);
CALL protect('outcomes', '@schema');

GRANT SELECT, INSERT ON facts, outcomes TO @schema_worker;
GRANT SELECT, INSERT, UPDATE ON warnings TO @schema_worker;
GRANT SELECT ON facts, warnings, outcomes TO @schema_api;
