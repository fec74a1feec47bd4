"""The API of planning: quotas and territories."""
