"""Findings about a case that hold for every modality."""
