-- name: put_off
-- Those that failed, until later.
INSERT INTO put_off AS p (subject, retry_at) SELECT * FROM unnest($1::text[], $2::timestamptz[])
ON CONFLICT (subject) DO UPDATE SET retry_at = excluded.retry_at

-- name: forget
-- Those whose time came a day ago: they went through, or are nobody's any more.
DELETE FROM put_off WHERE retry_at < (SELECT civil.now()) - interval '1 day'
