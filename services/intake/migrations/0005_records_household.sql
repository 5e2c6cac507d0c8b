-- What was said of a household goes with it when it moves, so that its source records are seen by its new village.
CREATE INDEX records_household ON records (household_id) WHERE household_id IS NOT NULL;
