-- Which of the departments asked have declined; a dispute of the measures asks them again only where it names them.
ALTER TABLE cases ADD COLUMN declined text[] NOT NULL DEFAULT '{}';
