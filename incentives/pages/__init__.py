"""Pages of the compensation admin: plans and runs."""
