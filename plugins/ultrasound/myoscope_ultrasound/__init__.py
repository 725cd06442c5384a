"""Muscle ultrasound for myoscope: B-mode frames and videos."""
