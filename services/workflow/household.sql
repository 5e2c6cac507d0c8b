-- name: residences_of
-- Where registered households live.
SELECT household_id, region, grid FROM households WHERE household_id = ANY($1::uuid[])

-- name: put
-- The register's newest word of each household.
INSERT INTO households SELECT * FROM json_populate_recordset(NULL::households, $1::json)
ON CONFLICT (household_id) DO UPDATE SET household_no = excluded.household_no, display_name = excluded.display_name,
    size = excluded.size, status = excluded.status, region = excluded.region, grid = excluded.grid
