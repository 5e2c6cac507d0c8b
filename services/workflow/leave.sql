-- name: put
-- Leave as it was entered.
INSERT INTO leaves SELECT * FROM json_populate_recordset(NULL::leaves, $1::json)

-- name: one
-- Whose leave it is, and who is named as deputy.
SELECT officer_id, deputy_id FROM leaves WHERE leave_id = $1

-- name: end
-- A leave ends before its day, or is called off.
UPDATE leaves SET ended_on = $2, ended_by = $3 WHERE leave_id = $1

-- name: list
-- Leave of a place's people that is not over, or all of it, the next first, a page at a time.
SELECT l.leave_id, l.officer_id, o.display_name, l.since, l.until, l.deputy_id, l.reason_code, l.ended_on,
    least(l.until, l.ended_on) <= day AS is_over, l.since <= day AND least(l.until, l.ended_on) > day AS is_away
FROM leaves l JOIN officers o USING (officer_id)
CROSS JOIN (SELECT (civil.now() AT TIME ZONE 'Asia/Shanghai')::date AS day) today
WHERE ($1::text IS NULL OR l.officer_id = $1) AND ($2::boolean OR least(l.until, l.ended_on) > day)
    AND l.region >= rpad($3, 12, '0') AND l.region <= rpad($3, 12, '9')
    AND (l.since, l.leave_id) > ($4::date, $5::uuid)
ORDER BY l.since, l.leave_id LIMIT $6
