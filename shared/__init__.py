"""What every service stands on: contracts, the field's own words, policy, the unit of work, access and keys."""
