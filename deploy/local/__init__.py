"""A whole Shouwang on one machine: real Kafka and PostgreSQL and the five services, from Python packages."""
