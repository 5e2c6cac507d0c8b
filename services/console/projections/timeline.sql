-- name: places
-- Where these households are now.
SELECT household_id, region, grid FROM households WHERE household_id = ANY ($1::uuid[])

-- name: insert
-- New steps, by event id: a second telling changes nothing.
INSERT INTO timeline (event_id, cause_id, correlation_id, household_id, at, topic, sequence, service, type, what, region,
                      grid, exact, officer_id, role, department, record_id, version)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::bigint[],
                     $8::text[], $9::text[], $10::jsonb[], $11::text[], $12::text[], $13::jsonb[], $14::text[], $15::text[],
                     $16::text[], $17::text[], $18::integer[])
ON CONFLICT (event_id) DO NOTHING

-- name: move
-- A household that has moved takes its past along: whoever answers for it now sees it.
UPDATE timeline SET region = home.region, grid = home.grid
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS home (household_id, region, grid)
WHERE timeline.household_id = home.household_id
  AND (timeline.region, timeline.grid) IS DISTINCT FROM (home.region::bpchar, home.grid)

-- name: of_household
-- The steps of a household, oldest first, after a given one.
SELECT event_id, cause_id, correlation_id, household_id, at, topic, sequence, service, type, what, exact, officer_id, role,
       department, record_id, version
FROM timeline
WHERE household_id = $1 AND (at, topic, sequence) > ($2::timestamptz, $3::text, $4::bigint)
ORDER BY at, topic, sequence LIMIT $5

-- name: newest_of_household
-- The last steps of a household, oldest first.
SELECT * FROM (
    SELECT event_id, cause_id, correlation_id, household_id, at, topic, sequence, service, type, what, exact, officer_id,
           role, department, record_id, version
    FROM timeline WHERE household_id = $1 ORDER BY at DESC, topic DESC, sequence DESC LIMIT $2
) AS newest ORDER BY at, topic, sequence

-- name: has_come
-- Whether a fact of this topic and household, or a later one, has been applied.
SELECT EXISTS (SELECT FROM timeline WHERE household_id = $1 AND topic = $2 AND sequence >= $3)
