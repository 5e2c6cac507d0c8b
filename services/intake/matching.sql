-- name: overdue
-- Who declared, or is behind something red, and has waited longer for a person's match than $1: the first such report of
-- a household, and each parked record. Whom a person has called "not ours" is not among them, nor who is put off.
SELECT w.subject, w.since, w.clue_id, w.household_id, w.cause, w.channel, w.concerns, w.level, w.is_green, w.role,
    trim(w.region) AS region
FROM (
    (
        SELECT DISTINCT ON (household_id) 'clue:' || clue_id AS subject, reported_at AS since, clue_id, household_id, cause,
            channel, concerns, level, is_green, reported_by_role AS role, region::text AS region
        FROM clues
        WHERE matched_household_id IS NULL AND withdrawn_at IS NULL
            AND (cause = 'declaration' OR is_green OR level = 'red')
        ORDER BY household_id, reported_at, clue_id
    )
    UNION ALL
    SELECT department || chr(31) || record_id, since, NULL, NULL, 'clue', department, '{}', 'red', false, 'department',
        region::text
    FROM parked WHERE is_red
) AS w
WHERE w.since <= civil.now() - $1::interval
    AND NOT EXISTS (SELECT FROM matching_alarms a WHERE a.subject = w.subject AND a.since = w.since)
    AND NOT EXISTS (SELECT FROM put_off p WHERE p.subject = w.subject AND p.retry_at > (SELECT civil.now()))
    AND NOT EXISTS (
        SELECT FROM identity_answers i WHERE i.said_at >= w.since AND (
            i.subject = w.subject
            OR i.subject IN (SELECT 'clue:' || c.clue_id FROM clues c WHERE c.household_id = w.household_id)
        )
    )
ORDER BY w.since, w.subject LIMIT $2

-- name: alarmed
-- Which of these were told of before.
SELECT a.subject, a.since FROM unnest($1::text[], $2::timestamptz[]) AS u (subject, since)
JOIN matching_alarms a ON a.subject = u.subject AND a.since = u.since

-- name: alarm
-- Told of.
INSERT INTO matching_alarms (subject, since, alarmed_at, region)
SELECT subject, since, $3, region FROM unnest($1::text[], $2::timestamptz[], $4::text[]) AS u (subject, since, region)
