-- Who has stood back from a case as a relative (回避): they act on it no more, whatever office it comes to.
ALTER TABLE cases ADD COLUMN stood_back text[] NOT NULL DEFAULT '{}';
