"""Whole-thigh CT for myoscope: 27 muscles, femur and iliac bone after Kim 2024."""
