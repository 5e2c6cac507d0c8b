-- name: open_cases
-- The packages and hops on which open cases stand.
SELECT c.policy, p.hop, count(*) AS cases
FROM cases c JOIN places p USING (case_id) WHERE c.state <> 'closed' AND p.state <> 'ended' GROUP BY 1, 2
