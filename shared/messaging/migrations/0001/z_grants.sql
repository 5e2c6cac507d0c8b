-- Access to the unit of work's tables is by grant alone: they hold no region, and row-level security forced on them
-- would blind their own functions. The API role may lock keys, emit, and read and insert answers; nothing else.
GRANT USAGE ON SCHEMA @schema TO @schema_worker, @schema_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON keys, outbox, waiting, positions, relay TO @schema_worker;
GRANT SELECT ON dead_letters TO @schema_worker;
GRANT SELECT, INSERT ON answers TO @schema_worker, @schema_api;
GRANT DELETE ON answers TO @schema_worker;
GRANT INSERT ON audit TO @schema_worker, @schema_api;
GRANT SELECT ON audit TO @schema_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA @schema TO @schema_worker, @schema_api;
REVOKE ALL ON FUNCTION lock_rows(text[]), lock_keys(text[]),
    emit(text[], integer[], text[], bigint[], uuid[], text[], text[], text[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_rows(text[]) TO @schema_worker;
GRANT EXECUTE ON FUNCTION lock_keys(text[]),
    emit(text[], integer[], text[], bigint[], uuid[], text[], text[], text[], bytea[])
    TO @schema_worker, @schema_api;
