-- People by the day: offices up to the province, a row for every stay in a post, leave, and whatever was replaced.
ALTER TABLE offices DROP CONSTRAINT offices_kind_check;
ALTER TABLE offices ADD CONSTRAINT offices_kind_check CHECK
    (kind IN ('village_group', 'village_committee', 'township', 'county', 'department', 'city', 'province'));

-- One worker and one deputy a grid: of several in post at once the newest stays.
UPDATE assignments a SET until = a.since
WHERE a.until IS NULL AND a.grid IS NOT NULL AND a.post IN ('worker', 'deputy') AND EXISTS (
    SELECT FROM assignments b WHERE b.grid = a.grid AND b.post = a.post AND b.until IS NULL
        AND (b.since, b.officer_id) > (a.since, a.officer_id));

ALTER TABLE assignments DROP CONSTRAINT assignments_pkey;
ALTER TABLE assignments ADD PRIMARY KEY (officer_id, office_id, since);
-- `until` is the first day on which the post is another's; a row that ends on its first day never held.
ALTER TABLE assignments ADD CHECK (until IS NULL OR until >= since);
-- Deferred: two people who swap their posts do so in one statement.
ALTER TABLE assignments ADD CONSTRAINT assignments_one_holder EXCLUDE USING btree (grid WITH =, post WITH =)
    WHERE (until IS NULL AND grid IS NOT NULL AND post IN ('worker', 'deputy')) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX assignments_grid ON assignments (grid);

-- Leave: from `since` until before `until`, or before `ended_on` where it was ended early. The reason stays here.
CREATE TABLE leaves (
    leave_id    uuid PRIMARY KEY,
    officer_id  text NOT NULL,
    since       date NOT NULL,
    until       date NOT NULL,
    deputy_id   text,
    reason_code text NOT NULL,
    entered_by  text NOT NULL,
    entered_at  timestamptz NOT NULL,
    ended_on    date,
    ended_by    text,
    region      char(12) COLLATE "C" NOT NULL,
    grid        text COLLATE "C",
    CHECK (until > since),
    CHECK (deputy_id <> officer_id),
    CHECK ((ended_on IS NULL) = (ended_by IS NULL))
);
CREATE INDEX leaves_officer ON leaves (officer_id, since);
CREATE INDEX leaves_deputy ON leaves (deputy_id) WHERE deputy_id IS NOT NULL;
CREATE INDEX leaves_region ON leaves (region, grid);
CALL protect('leaves', '@schema');

-- Replaced: each row of offices, grids, officers and assignments as it was before it changed. Appended, never changed.
CREATE TABLE replaced (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what        text NOT NULL,
    row         jsonb NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT civil.now(),
    region      char(12) COLLATE "C" NOT NULL,
    grid        text COLLATE "C"
);
CREATE INDEX replaced_region ON replaced (region, grid);
CALL protect('replaced', '@schema');

CREATE FUNCTION keep_replaced() RETURNS trigger LANGUAGE plpgsql AS $keep$
BEGIN
    INSERT INTO @schema.replaced (what, row, region, grid)
    VALUES (TG_TABLE_NAME, to_jsonb(OLD), OLD.region, to_jsonb(OLD) ->> 'grid');
    RETURN NULL;
END $keep$;
CREATE TRIGGER keep AFTER UPDATE ON offices FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION keep_replaced();
CREATE TRIGGER keep AFTER UPDATE ON grids FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION keep_replaced();
CREATE TRIGGER keep AFTER UPDATE ON officers FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION keep_replaced();
CREATE TRIGGER keep AFTER UPDATE ON assignments FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW)
    EXECUTE FUNCTION keep_replaced();

GRANT SELECT, INSERT ON leaves, replaced TO @schema_worker, @schema_api;
GRANT UPDATE (ended_on, ended_by) ON leaves TO @schema_api;
