-- A fact lies here for a moment: pressing together what is over 2 kB cost more than carrying it (a twentieth of what
-- PostgreSQL takes for screening's records).
ALTER TABLE outbox SET (toast_tuple_target = 8160);
