"""Dixon MRI of hip and thigh for myoscope: stations, fat fraction and muscle balance after the UK Biobank paper."""
