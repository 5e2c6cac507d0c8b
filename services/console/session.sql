-- name: begin
-- A new session.
INSERT INTO sessions (id_hash, csrf, officer, expires_at) VALUES ($1, $2, $3, clock_timestamp() + $4::interval)

-- name: find
-- The session behind a cookie, unless it has ended, and the civil now.
SELECT csrf, officer, civil.now() AS now FROM sessions WHERE id_hash = $1 AND expires_at > clock_timestamp()

-- name: is_demo
-- Whether these are a demo's data.
SELECT is_demo FROM civil.clock

-- name: end
-- Signed out.
DELETE FROM sessions WHERE id_hash = $1

-- name: sweep
-- Sessions that have ended.
DELETE FROM sessions WHERE expires_at <= clock_timestamp()
