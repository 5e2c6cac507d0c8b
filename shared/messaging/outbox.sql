-- name: insert_as_person
-- The API role holds no right on the table but this function.
SELECT emit($1::text[], $2::int[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::bytea[])
