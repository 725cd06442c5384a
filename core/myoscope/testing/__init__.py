"""For plugin authors: check that a modality keeps the contract of `myoscope.hookspecs`.

```
from myoscope.testing import check_modality

def test_the_plugin_keeps_the_contract():
    check_modality("my_modality")
```
"""

from myoscope.testing.conformance import ConformanceReport, check_modality

__all__ = ["ConformanceReport", "check_modality"]
