-- Facts are asked for by their household alone: an index by region was written with every record and read by nobody.
DROP INDEX facts_region;
