"""TODO(placeholder)."""
