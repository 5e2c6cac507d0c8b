-- name: office_of
-- A grid's office.
SELECT office_id FROM grids WHERE grid = $1

-- name: put
-- A grid with its office from now on; what it was before is kept.
INSERT INTO grids SELECT * FROM json_populate_recordset(NULL::grids, $1::json)
ON CONFLICT (grid) DO UPDATE SET office_id = excluded.office_id

-- name: move
-- People whose own grid is another one from now on.
UPDATE officers SET grid = $2 WHERE officer_id = ANY($1::text[])

-- name: now
-- The civil instant.
SELECT civil.now()

-- name: list
-- Grids with their households, whoever holds their posts today, who of them is away, and what needs a hand, a page at a
-- time, or those of one flag alone.
SELECT * FROM shown_grids($2, $5, $6) WHERE grid > $1 AND ($4::text IS NULL OR grid = $4) AND ($7::text IS NULL OR $7 = ANY(flags))
ORDER BY grid LIMIT $3

-- name: sums
-- How many grids a place has, how many of them need a hand, and for what.
SELECT count(*) AS grids, count(*) FILTER (WHERE flags <> '{}') AS flagged,
    count(*) FILTER (WHERE 'no_worker' = ANY(flags)) AS no_worker, count(*) FILTER (WHERE 'no_deputy' = ANY(flags)) AS no_deputy,
    count(*) FILTER (WHERE 'too_large' = ANY(flags)) AS too_large, count(*) FILTER (WHERE 'too_small' = ANY(flags)) AS too_small
FROM shown_grids($1, $2, $3)
