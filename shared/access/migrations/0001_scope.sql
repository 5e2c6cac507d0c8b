-- Row scope: the second wall behind the table of roles. Run once in each service's schema.
--
-- A protected table has `region char(12) COLLATE "C" NOT NULL` (indexed) and, when it is protected by grid, `grid text`.
-- The API role sees and writes only rows of its caller's place, told by three settings that hold for one transaction:
-- app.region_from, app.region_to (a prefix padded with 0 and with 9) and app.grid (a grid, or * for every role but
-- grid_worker and group_leader). Unset means no rows, and so does empty: after a transaction that set one, its session
-- keeps '' for it, and a policy that lets '' through would show everything on a pooled connection.
-- The cast is to bpchar, the column's own type: to text the index would not be used.
-- The worker sees all rows by a policy of its own, not by bypassing; the owner is held too (FORCE).
CREATE PROCEDURE protect(target regclass, service text, has_grid boolean DEFAULT true) LANGUAGE plpgsql AS $protect$
DECLARE
    in_scope text :=
        'region >= nullif(current_setting(''app.region_from'', true), '''')::bpchar'
        ' AND region <= nullif(current_setting(''app.region_to'', true), '''')::bpchar';
    in_grid text :=
        'nullif(current_setting(''app.grid'', true), '''') = ''*''';
BEGIN
    IF has_grid THEN
        in_scope := in_scope || ' AND (' || in_grid
            || ' OR grid = nullif(current_setting(''app.grid'', true), ''''))';
    ELSE
        in_scope := in_scope || ' AND nullif(current_setting(''app.grid'', true), '''') IS NOT NULL';
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY scope ON %s FOR ALL TO %I USING (%s) WITH CHECK (%s)',
        target, service || '_api', in_scope, in_scope
    );
    EXECUTE format(
        'CREATE POLICY worker ON %s FOR ALL TO %I USING (true) WITH CHECK (true)', target, service || '_worker'
    );
END $protect$;

REVOKE ALL ON PROCEDURE protect(regclass, text, boolean) FROM PUBLIC;

-- Tables with a region that no forced row-level security holds: to be none but those of the unit of work (waiting,
-- outbox, audit), whose access is by grant alone. The tests read it in every schema.
CREATE VIEW unprotected AS
    SELECT c.relname::text AS name
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'region' AND NOT a.attisdropped
    WHERE n.nspname = '@schema' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity);
