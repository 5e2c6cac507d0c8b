"""A whole Shouwang on one machine: real Kafka, real PostgreSQL and the five services, from Python packages only."""
