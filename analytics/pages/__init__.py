"""Pages of reps and managers: scorecard, statement with its trace, team."""
