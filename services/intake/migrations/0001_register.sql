-- The register of households: their public state in columns, names, numbers, phones and addresses sealed by the vault.
-- No foreign keys: their checks take row locks of their own, and key rows are the only ones.
CREATE TABLE households (
    household_id    uuid PRIMARY KEY,
    household_no    text COLLATE "C" NOT NULL UNIQUE,
    status          text NOT NULL CHECK (status IN ('active', 'merged', 'removed')),
    region          char(12) COLLATE "C" NOT NULL,
    grid            text COLLATE "C" NOT NULL,
    village_group   smallint NOT NULL CHECK (village_group BETWEEN 1 AND 99),
    display_name    text NOT NULL,
    poverty_history text NOT NULL CHECK (poverty_history IN ('none', 'lifted_out')),
    lifted_out_year smallint,
    size            smallint NOT NULL,
    address         bytea,
    record_id       text NOT NULL,
    changed_at      timestamptz NOT NULL
);
CREATE INDEX households_region ON households (region, household_no);
CALL protect('households', '@schema');

-- A person is found by `person_id`: the blind index of the normalised ID number. One who left keeps the last household,
-- so that a settlement that comes after a death still finds the survivors.
CREATE TABLE persons (
    person_id    uuid PRIMARY KEY,
    household_id uuid NOT NULL,
    place        smallint NOT NULL,
    name         bytea NOT NULL,
    id_no        bytea,
    phone        bytea,
    display_name text NOT NULL,
    relation     text NOT NULL,
    sex          text CHECK (sex IN ('male', 'female')),
    birth_year   smallint,
    health       text NOT NULL,
    labour       text,
    schooling    text,
    is_left      boolean NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C" NOT NULL
);
CREATE INDEX persons_household ON persons (household_id, place);
CREATE INDEX persons_region ON persons (region);
CALL protect('persons', '@schema');

-- What income and monitoring records say, one row a record, so that a withdrawn one gives way to the one before.
CREATE TABLE incomes (
    record_id    text COLLATE "C" PRIMARY KEY,
    household_id uuid NOT NULL,
    year         smallint NOT NULL,
    net_yuan     numeric(14, 2) NOT NULL,
    occurred_on  date NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C" NOT NULL
);
CREATE INDEX incomes_household ON incomes (household_id);
CREATE INDEX incomes_region ON incomes (region);
CALL protect('incomes', '@schema');

CREATE TABLE monitorings (
    record_id    text COLLATE "C" PRIMARY KEY,
    household_id uuid NOT NULL,
    status       text NOT NULL CHECK (status IN ('none', 'monitored', 'eliminated')),
    category     text,
    since        date,
    occurred_on  date NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C" NOT NULL
);
CREATE INDEX monitorings_household ON monitorings (household_id);
CREATE INDEX monitorings_region ON monitorings (region);
CALL protect('monitorings', '@schema');

GRANT SELECT, INSERT, UPDATE ON households, persons TO @schema_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON incomes, monitorings TO @schema_worker;
GRANT SELECT ON households, persons, incomes, monitorings TO @schema_api;
