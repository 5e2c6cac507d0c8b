-- A file that was sent: what it is called, its sheets and headings, sealed (a heading row may hold anything); a batch beside.
CREATE TABLE sent_files (
    batch_id  uuid PRIMARY KEY,
    about     bytea NOT NULL,
    file_rows bigint NOT NULL,
    at        timestamptz NOT NULL DEFAULT civil.now(),
    region    char(12) COLLATE "C" NOT NULL
);
CREATE INDEX sent_files_at ON sent_files (at);
CALL protect('sent_files', '@schema', false);

-- Of a file's rows those that were refused, as they stood, sealed: they go back to their sender in a workbook.
CREATE TABLE rejected_rows (
    batch_id uuid NOT NULL,
    line     bigint NOT NULL,
    cells    bytea NOT NULL,
    at       timestamptz NOT NULL,
    region   char(12) COLLATE "C" NOT NULL,
    PRIMARY KEY (batch_id, line)
);
CREATE INDEX rejected_rows_at ON rejected_rows (at);
CALL protect('rejected_rows', '@schema', false);

GRANT SELECT, INSERT, DELETE ON sent_files, rejected_rows TO @schema_worker;
GRANT SELECT ON sent_files, rejected_rows TO @schema_api;
