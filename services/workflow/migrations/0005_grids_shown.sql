-- The grids of a place as they stand today, with what needs a hand. Row-level security is the caller's: no definer.
CREATE FUNCTION shown_grids(place text, fewest integer, largest integer) RETURNS TABLE (
    grid text, region text, office_id text, name_zh text, name_en text, households bigint,
    worker text, worker_away_until date, deputy text, deputy_away_until date, named_deputy text, flags text[]
) LANGUAGE sql STABLE SET search_path TO @schema, civil AS $shown$
    SELECT g.grid, trim(g.region), g.office_id, f.name_zh, f.name_en, home.households,
        holder.worker, holder.worker_away_until, holder.deputy, holder.deputy_away_until, holder.named_deputy,
        array_remove(ARRAY[
            CASE WHEN holder.worker IS NULL THEN 'no_worker' END,
            CASE WHEN holder.deputy IS NULL THEN 'no_deputy' END,
            CASE WHEN home.households > largest THEN 'too_large' END,
            CASE WHEN home.households < fewest THEN 'too_small' END
        ], NULL)
    FROM grids g LEFT JOIN offices f USING (office_id)
    CROSS JOIN (SELECT (civil.now() AT TIME ZONE 'Asia/Shanghai')::date AS day) today
    CROSS JOIN LATERAL (
        SELECT count(*) AS households FROM households h
        WHERE h.region = g.region AND h.grid = g.grid AND h.status = 'active'
    ) home
    CROSS JOIN LATERAL (
        SELECT min(a.officer_id) FILTER (WHERE a.post = 'worker') AS worker,
            min(l.until) FILTER (WHERE a.post = 'worker') AS worker_away_until,
            min(l.deputy_id) FILTER (WHERE a.post = 'worker') AS named_deputy,
            min(a.officer_id) FILTER (WHERE a.post = 'deputy') AS deputy,
            min(l.until) FILTER (WHERE a.post = 'deputy') AS deputy_away_until
        FROM assignments a LEFT JOIN LATERAL (
            SELECT least(l.until, l.ended_on) AS until, l.deputy_id FROM leaves l
            WHERE l.officer_id = a.officer_id AND l.since <= day AND least(l.until, l.ended_on) > day LIMIT 1
        ) l ON true
        WHERE a.grid = g.grid AND a.post IN ('worker', 'deputy') AND a.since <= day AND (a.until IS NULL OR a.until > day)
    ) holder
    WHERE g.region >= rpad(place, 12, '0')::char(12) AND g.region <= rpad(place, 12, '9')::char(12)
$shown$;
