-- Which rules found what, beside the whole of what was told: a rule's hits are counted over a year of warnings, and reading
-- every one's sentences for that took seconds. Both are lists, as JSON, in the findings' order; a rule's name begins with
-- its department's.
ALTER TABLE warnings
    ADD COLUMN rules text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (jsonb_path_query_array(told, '$.findings[*].rule')::text) STORED,
    ADD COLUMN found text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (jsonb_path_query_array(told, '$.findings[*].value')::text) STORED,
    ADD COLUMN is_held boolean NOT NULL
        GENERATED ALWAYS AS (coalesce(told -> 'suppression', 'null') <> 'null') STORED;
