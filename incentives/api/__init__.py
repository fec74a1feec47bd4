"""The API of incentives: plans, runs, statements."""
