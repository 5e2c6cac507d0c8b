-- name: put
-- An officer's wishes as they are now.
INSERT INTO contacts (officer_id, language, carriers, email, changed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (officer_id) DO UPDATE SET language = excluded.language, carriers = excluded.carriers,
    email = excluded.email, changed_at = excluded.changed_at

-- name: read
-- The wishes of these officers, with the sealed address.
SELECT officer_id, language, carriers, email FROM contacts WHERE officer_id = ANY($1::text[])

-- name: wishes
-- By which carriers these officers wish to be told.
SELECT officer_id, carriers FROM contacts WHERE officer_id = ANY($1::text[])
