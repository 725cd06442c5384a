import pytest

from myoscope import SynthesisOptions
from myoscope.testing import check_modality


@pytest.mark.parametrize("site", ["rectus_femoris", "rectus_abdominis", "biceps", "triceps", "peroneus"])
def test_ultrasound_keeps_the_contract_at_every_cross_section(site: str) -> None:
    """Not the longitudinal site: its muscle is drawn anew from the aponeuroses, so taking it away takes nothing."""
    report = check_modality("ultrasound", options=SynthesisOptions(site=site, size=(160, 128)))
    assert report.modality == "ultrasound"
