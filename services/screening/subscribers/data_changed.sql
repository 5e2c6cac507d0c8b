-- name: append
-- Every fact as it came, with when it was true and when it was known.
INSERT INTO facts (event_id, household_id, department, kind, record_id, version, told, valid_on, known_at, said, region, grid)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::date[],
    $9::timestamptz[], $10::jsonb[], $11::text[], $12::text[])
