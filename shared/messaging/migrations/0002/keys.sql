-- A temporary table comes before every schema that does not name pg_temp behind it: with one called `keys` a session of
-- the API role would have these functions lock, number and write in its own rows, and run its triggers as their owner.
ALTER FUNCTION lock_rows(text[]) SET search_path = @schema, pg_temp;
ALTER FUNCTION lock_keys(text[]) SET search_path = @schema, pg_temp;
ALTER FUNCTION emit(text[], integer[], text[], bigint[], uuid[], text[], text[], text[], bytea[])
    SET search_path = @schema, pg_temp;

-- A merge looks for what had been merged into it before.
CREATE INDEX keys_merged_into ON keys (merged_into) WHERE merged_into IS NOT NULL;
