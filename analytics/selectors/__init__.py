"""Reads for the desks of reps and managers: frozen dataclasses, bounded queries, figures as the engine posted them."""
