-- The civil clock: one offset row, read by every service through civil.now(). A demo moves it forward only.
CREATE TABLE civil.clock (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    ahead    interval NOT NULL DEFAULT interval '0' CHECK (ahead >= interval '0'),
    is_demo  boolean NOT NULL DEFAULT false
);
INSERT INTO civil.clock DEFAULT VALUES;

-- clock_timestamp(), not now(): taken at BEGIN it ran backwards per key, for it is read before the locks are had.
CREATE FUNCTION civil.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT clock_timestamp() + ahead FROM civil.clock';

CREATE FUNCTION civil.advance(step interval) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF step <= interval '0' THEN
        RAISE EXCEPTION 'the civil clock moves forward only' USING ERRCODE = '22023';
    END IF;
    UPDATE civil.clock SET ahead = ahead + step WHERE is_demo;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the civil clock moves in a demo only' USING ERRCODE = '42501';
    END IF;
    RETURN civil.now();
END $$;

REVOKE ALL ON FUNCTION civil.advance(interval) FROM PUBLIC;
GRANT USAGE ON SCHEMA civil TO PUBLIC;
GRANT SELECT ON civil.clock TO PUBLIC;
