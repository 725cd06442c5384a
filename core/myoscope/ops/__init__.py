"""Pure functions on arrays and grids."""
