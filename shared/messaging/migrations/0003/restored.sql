-- Facts that lie in our topics and of which a database that was put back to an earlier hour does not know: whoever
-- emits one of them again has emitted it already. Empty where nothing was ever put back.
CREATE TABLE restored (
    event_id  uuid PRIMARY KEY,
    topic     text NOT NULL,
    key       text COLLATE "C" NOT NULL,
    sequence  bigint NOT NULL
);

-- Which of these are in our topics already, under which number. People's calls ask too, and see no more than that.
CREATE FUNCTION restored_ids(wanted uuid[]) RETURNS TABLE (event_id text, sequence bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = @schema, pg_temp AS $$
    SELECT r.event_id::text, r.sequence FROM restored r WHERE r.event_id = ANY (wanted)
$$;
CREATE FUNCTION is_restored() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = @schema, pg_temp AS $$
    SELECT EXISTS (SELECT FROM restored)
$$;
REVOKE ALL ON FUNCTION restored_ids(uuid[]), is_restored() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION restored_ids(uuid[]), is_restored() TO @schema_worker, @schema_api;
