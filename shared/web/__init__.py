"""What every service's HTTP has in common: who calls, how refusals look, and the pages of operation."""
