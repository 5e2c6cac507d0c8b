-- When a notice was first put before its receiver, and when its receiver decided the task that it was about. Both may be
-- empty: the code before this one goes on writing while it is replaced.
ALTER TABLE notices
    ADD delivered_at timestamptz,
    ADD acted_at timestamptz;
CREATE INDEX notices_to_act ON notices (task_id, officer_id) WHERE task_id IS NOT NULL AND acted_at IS NULL;
GRANT UPDATE (delivered_at, acted_at) ON notices TO @schema_worker;
