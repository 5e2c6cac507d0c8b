-- name: counts
-- Warnings that the caller may see since an instant, by rule, by whether what it found is exempt, by month of their raising
-- and by what people made of them. One with several rules' findings is counted for each; one that was only ever held back
-- for none. $3, $4: the exempt rules, each with one value, or null where all that it finds is. Alike ones are counted
-- together before their findings are looked at; what was found tells them apart only where it may be exempt.
SELECT rule, split_part(rule, '.', 1) AS department, is_exempt, month, outcomes, sum(warnings)::bigint AS warnings
FROM (
    SELECT f.rule, a.month, a.outcomes, a.warnings, bool_or(EXISTS (
        SELECT 1 FROM unnest($3::text[], $4::text[]) AS e (rule, value)
        WHERE e.rule = f.rule AND (e.value IS NULL OR e.value = f.value)
    )) AS is_exempt
    FROM (
        SELECT to_char(w.raised_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month,
            coalesce(o.outcomes, '{}') AS outcomes, w.rules,
            CASE WHEN w.rules LIKE ANY (ARRAY(SELECT '%"' || e || '"%' FROM unnest($3::text[]) AS e)) THEN w.found END AS found,
            count(*) AS warnings
        FROM warnings w LEFT JOIN (
            SELECT warning_id, array_agg(DISTINCT outcome ORDER BY outcome) AS outcomes FROM outcomes GROUP BY warning_id
        ) AS o USING (warning_id)
        WHERE w.raised_at >= $1 AND (NOT w.is_held OR o.outcomes IS NOT NULL)
            AND ($2::text IS NULL OR w.region BETWEEN rpad($2, 12, '0') AND rpad($2, 12, '9'))
        GROUP BY 1, 2, 3, 4
    ) AS a
    CROSS JOIN ROWS FROM (
        jsonb_array_elements_text(a.rules::jsonb), jsonb_array_elements_text(a.found::jsonb)
    ) AS f (rule, value)
    GROUP BY f.rule, a.rules, a.found, a.month, a.outcomes, a.warnings
) AS one
GROUP BY rule, is_exempt, month, outcomes
