-- Which household has which open task at which office, told by stage.advanced: whoever holds the task sees name and phone.
CREATE TABLE open_tasks (
    task_id      uuid PRIMARY KEY,
    case_id      uuid NOT NULL,
    household_id uuid NOT NULL,
    hop          text NOT NULL,
    round        integer NOT NULL,
    branch       text NOT NULL,
    office       text NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C"
);
CREATE INDEX open_tasks_case ON open_tasks (case_id);
CREATE INDEX open_tasks_household ON open_tasks (household_id);
CREATE INDEX open_tasks_region ON open_tasks (region);
CALL protect('open_tasks', '@schema');

GRANT SELECT, INSERT, DELETE ON open_tasks TO @schema_worker;
GRANT SELECT ON open_tasks TO @schema_api;
