"""Frozen values that travel through the pipeline; all of them survive pickle."""
