"""Two demo companies with two years of generated sales that show the hard cases. Deterministic for a given day."""
