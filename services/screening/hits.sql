-- name: counts
-- Warnings that the caller may see since an instant, by rule, by whether what it found is exempt, by month of their raising
-- and by what people made of them. One with several rules' findings is counted for each; one that was only ever held back
-- for none. $3, $4: the exempt rules, each with one value, or null where all that it finds is.
SELECT rule, department, is_exempt, month, outcomes, count(*) AS warnings
FROM (
    SELECT f ->> 'rule' AS rule, min(f ->> 'department') AS department,
        to_char(w.raised_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, coalesce(o.outcomes, '{}') AS outcomes,
        bool_or(EXISTS (
            SELECT 1 FROM unnest($3::text[], $4::text[]) AS e (rule, value)
            WHERE e.rule = f ->> 'rule' AND (e.value IS NULL OR e.value = f ->> 'value')
        )) AS is_exempt
    FROM warnings w
    CROSS JOIN jsonb_array_elements(w.told -> 'findings') AS f
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT outcome ORDER BY outcome) AS outcomes FROM outcomes WHERE warning_id = w.warning_id
    ) o
    WHERE w.raised_at >= $1 AND (coalesce(w.told -> 'suppression', 'null') = 'null' OR o.outcomes IS NOT NULL)
        AND ($2::text IS NULL OR w.region BETWEEN rpad($2, 12, '0') AND rpad($2, 12, '9'))
    GROUP BY w.warning_id, rule, month, o.outcomes
) AS told
GROUP BY rule, department, is_exempt, month, outcomes
