-- Key rows: the product's only row locks but the relay's lease. `applied` and `emitted` are indexed by the topic's
-- fixed number in TOPICS; `waiting` counts the key's waiting records; `digest` is a service's small state per key.
CREATE TABLE keys (
    key          text COLLATE "C" PRIMARY KEY,
    applied      bigint[] NOT NULL DEFAULT '{}',
    emitted      bigint[] NOT NULL DEFAULT '{}',
    waiting      integer NOT NULL DEFAULT 0 CHECK (waiting >= 0),
    merged_into  text COLLATE "C",
    digest       bytea
) WITH (fillfactor = 75);

-- Two statements, both sorted: one statement does not see the row that its own first half waited for, and locking a
-- row that does not exist locks nothing.
CREATE FUNCTION lock_rows(wanted text[])
RETURNS TABLE (key text, applied bigint[], emitted bigint[], waiting integer, merged_into text, digest bytea)
LANGUAGE plpgsql VOLATILE SET search_path = @schema AS $$
BEGIN
    INSERT INTO keys (key) SELECT w COLLATE "C" FROM unnest(wanted) AS w ORDER BY 1 ON CONFLICT DO NOTHING;
    RETURN QUERY
        SELECT k.key, k.applied, k.emitted, k.waiting, k.merged_into, k.digest
        FROM keys k WHERE k.key = ANY (wanted COLLATE "C") ORDER BY k.key FOR UPDATE;
END $$;

-- What a person's call may do to key rows: lock them and learn their last numbers. No digest, no applied number.
CREATE FUNCTION lock_keys(wanted text[])
RETURNS TABLE (key text, emitted bigint[], merged_into text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema AS $$
BEGIN
    RETURN QUERY SELECT r.key, r.emitted, r.merged_into FROM lock_rows(wanted) r;
END $$;
