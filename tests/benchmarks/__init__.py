"""What it costs: ratios measured in one run, beside the naive way, with n and CPU seconds. No test asserts a time."""
