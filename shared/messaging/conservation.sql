-- name: emitted
-- How many facts this service has numbered, by the topic's number.
SELECT ordinality AS number, sum(value)::bigint AS total
FROM keys, unnest(emitted) WITH ORDINALITY AS e (value, ordinality) GROUP BY 1

-- name: applied
-- How many facts this service has applied (or a person skipped), by the topic's number. Under `partition:<n>` places in a partition stand.
SELECT ordinality AS number, sum(value)::bigint AS total
FROM keys, unnest(applied) WITH ORDINALITY AS a (value, ordinality)
WHERE key NOT LIKE 'partition:%' GROUP BY 1
