from myoscope import SynthesisOptions
from myoscope.testing import check_modality

SMALL = SynthesisOptions(size=(40, 32, 24), spacing_mm=(8.0, 8.0, 16.0))


def test_dixon_mri_keeps_the_contract() -> None:
    report = check_modality("dixon_mri", options=SMALL)
    assert report.modality == "dixon_mri"
    assert all(sentence.endswith(".") for sentence in report.promises)
