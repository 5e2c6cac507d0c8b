-- The code that wrote it is gone since `case_progress` (0011): one row a household hid a case that was refused.
DROP TABLE declaration_progress;
