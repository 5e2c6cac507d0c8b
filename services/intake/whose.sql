-- name: mark_red
-- Which of the records that were parked a moment ago tell something red.
UPDATE parked p SET is_red = u.is_red FROM unnest($1::text[], $2::text[], $3::bool[]) AS u (department, record_id, is_red)
WHERE p.department = u.department AND p.record_id = u.record_id

-- name: list
-- What waits for a person's word in the caller's area, what is urgent first, then the oldest: records or reports ($1),
-- those that somebody called "not ours" or the others ($2), or all. A reporter stands once, by the first report.
SELECT * FROM (
    SELECT w.*, a.said_at, a.said_by, a.role, a.reason AS said FROM (
        SELECT 'record' AS what, department, record_id, NULL::uuid AS clue_id, kind, reason, channel, NULL::text[] AS concerns,
            NULL AS display_name, region::text AS region, since, is_red AS is_urgent, NULL::uuid AS household_id,
            department || chr(31) || record_id AS subject
        FROM parked
        UNION ALL
        SELECT 'clue', NULL, NULL, c.clue_id, c.cause, NULL, c.channel, c.concerns, c.display_name, c.region, c.reported_at,
            c.is_urgent, c.household_id, 'clue:' || c.clue_id
        FROM (
            SELECT DISTINCT ON (household_id) clue_id, cause, channel, concerns, display_name, region::text AS region,
                reported_at, household_id, bool_or(cause = 'declaration' OR is_green OR coalesce(level = 'red', false))
                OVER (PARTITION BY household_id) AS is_urgent
            FROM clues WHERE matched_household_id IS NULL AND withdrawn_at IS NULL
            ORDER BY household_id, reported_at, clue_id
        ) AS c
    ) AS w
    LEFT JOIN LATERAL (
        SELECT said_at, said_by, role, reason FROM identity_answers i
        WHERE i.subject = w.subject AND i.said_at >= w.since ORDER BY said_at DESC LIMIT 1
    ) AS a ON true
) AS d
WHERE ($1::text IS NULL OR what = $1) AND ($2::bool IS NULL OR (said_at IS NOT NULL) = $2)
    AND ($3::text IS NULL OR department = $3)
    AND ($4::bool IS NULL OR (NOT is_urgent, since, subject) > ($4, $5, $6))
ORDER BY NOT is_urgent, since, subject LIMIT $7

-- name: tally
-- How many wait: urgent or not, answered or not, by department (none for a report).
SELECT what, department, is_urgent, said_at IS NOT NULL AS is_answered, since <= civil.now() - $1::interval AS is_late,
    count(*) AS count
FROM (
    SELECT w.*, (SELECT max(said_at) FROM identity_answers i WHERE i.subject = w.subject AND i.said_at >= w.since) AS said_at
    FROM (
        SELECT 'record' AS what, department, is_red AS is_urgent, since, department || chr(31) || record_id AS subject
        FROM parked
        UNION ALL
        SELECT 'clue', NULL, bool_or(cause = 'declaration' OR is_green OR coalesce(level = 'red', false)), min(reported_at),
            'clue:' || (array_agg(clue_id ORDER BY reported_at, clue_id))[1]
        FROM clues WHERE matched_household_id IS NULL AND withdrawn_at IS NULL GROUP BY household_id
    ) AS w
) AS d GROUP BY 1, 2, 3, 4, 5

-- name: parked_one
-- One parked record with its sealed payload, if the caller may see it.
SELECT p.department, p.record_id, p.version, p.kind, p.reason, p.channel, p.since, p.is_red, p.region, p.county,
    p.person_id AS named_person_id, p.household_id AS named_household_id, r.op, r.occurred_on, r.received_at, r.outcome,
    r.is_history, r.household_id, r.payload
FROM parked p
JOIN records r ON r.department = p.department AND r.record_id = p.record_id AND r.version = p.version
WHERE p.department = $1 AND p.record_id = $2

-- name: clue_one
-- One report that nobody has matched, if the caller may see it.
SELECT clue_id, cause, channel, concerns, reported_at AS since, region, household_id, display_name, told,
    cause = 'declaration' OR is_green OR coalesce(level = 'red', false) AS is_red,
    person_id AS named_person_id, named_household_id
FROM clues WHERE clue_id = $1 AND matched_household_id IS NULL AND withdrawn_at IS NULL

-- name: answered
-- What a person last said of it since it came.
SELECT said_at, said_by, role, reason FROM identity_answers WHERE subject = $1 AND said_at >= $2
ORDER BY said_at DESC LIMIT 1

-- name: answer
-- Not ours, by a person's word.
INSERT INTO identity_answers (subject, said_by, role, reason, region) VALUES ($1, $2, $3, $4, $5)

-- name: by_ids
-- The households that the numbers name: where the person lives or lived last, and the one with the number.
SELECT p.household_id, 'id_no' AS because FROM persons p WHERE p.person_id = $1
UNION SELECT household_id, 'household_no' FROM households WHERE household_id = $2

-- name: namesakes
-- Members of a place whose masked name is this one.
SELECT person_id, household_id, name, region::text AS region FROM persons
WHERE region BETWEEN $1::bpchar AND $2::bpchar AND display_name = $3 AND NOT is_left ORDER BY person_id LIMIT $4

-- name: homes
-- The public state of the households that it may be.
SELECT household_id, household_no, display_name, region::text AS region, village_group, size FROM households
WHERE household_id = ANY ($1::uuid[]) AND status = 'active'

-- name: members
-- Their members, the head first, a bounded number each.
SELECT * FROM (
    SELECT household_id, person_id, display_name, relation, birth_year, id_no, is_left,
        row_number() OVER (PARTITION BY household_id ORDER BY is_left, place) AS nth
    FROM persons WHERE household_id = ANY ($1::uuid[])
) AS m WHERE nth <= $2 ORDER BY household_id, nth

-- name: now
-- Civil now.
SELECT civil.now()
