from myoscope import SynthesisOptions
from myoscope.testing import check_modality

SMALL = SynthesisOptions(size=(40, 32, 24), spacing_mm=(8.0, 8.0, 16.0))


def test_ct_thigh_keeps_the_contract() -> None:
    report = check_modality("ct_thigh", options=SMALL)
    assert report.modality == "ct_thigh"
    assert all(sentence.endswith(".") for sentence in report.promises)
