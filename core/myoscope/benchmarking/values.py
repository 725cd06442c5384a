"""What a benchmark gives: a row a model and data set, a row a failure, and how far off each quantity is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from myoscope.data.result import ModelReference

#: Names, in the column `case_id`, the row that sums up all cases.
ALL_CASES = "all"
#: Names, in the column `data`, the modality's own synthetic cases.
SYNTHETIC = "synthetic"
FAILED = "failed: "
#: Seed of the first synthetic case; training sets are made from seeds below this.
FIRST_SEED = 90_000


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """One model on one data set, or what failed there: a row of `benchmark.csv`. What cannot be given is NaN.

    Attributes:
        modality: Name of the modality; empty for a case that none recognizes.
        model: Model id; empty when the modality has none or cannot be opened.
        data: `synthetic`, or the name of the user's folder.
        case_id: `all`, or the case that failed.
        cases: Cases that were tried.
        failed: Cases that failed.
        dice: Mean over structures, sides and cases.
        dice_sd: Standard deviation of the same, with n - 1.
        dice_n: Values that the mean is made from.
        dice_left_out: Rows left out, because the reference is empty or the model was never trained to find it.
        hd95_mm: Mean; NaN in pixels.
        assd_mm: Mean; NaN in pixels.
        surface_n: Values that the means of distances are made from.
        surface_left_out: Rows left out, also because nothing was found.
        quantity: The first quantity that the modality measures.
        unit: Its unit.
        error_median_pct: Median of |measured - true| / |true| x 100 of that quantity.
        seconds: Median over cases of what `analyze` takes from the scan in memory to its measurements.
        peak_memory_mb: High-water mark in MiB of the process that did nothing but analyze these cases.
        status: `ok`, how many cases failed, or `failed: ` and the reason.
    """

    modality: str
    model: str
    data: str
    case_id: str
    cases: int = 0
    failed: int = 0
    dice: float = nan
    dice_sd: float = nan
    dice_n: int = 0
    dice_left_out: int = 0
    hd95_mm: float = nan
    assd_mm: float = nan
    surface_n: int = 0
    surface_left_out: int = 0
    quantity: str = ""
    unit: str = ""
    error_median_pct: float = nan
    seconds: float = nan
    peak_memory_mb: float = nan
    status: str = "ok"

    @property
    def is_failure(self) -> bool:
        """Tell whether the row is a failure, not a sum."""
        return self.status.startswith(FAILED)

    @property
    def reason(self) -> str:
        """Why it failed; empty for a sum."""
        return self.status.removeprefix(FAILED) if self.is_failure else ""


@dataclass(frozen=True, slots=True)
class MeasureError:
    """How far one quantity is off, over structures, sides and cases: a row of `benchmark_measures.csv`.

    Attributes:
        modality: Name of the modality.
        model: Model id.
        data: As in `BenchmarkRow`.
        quantity: Name from the conventions.
        unit: Unit of `bias` and `mean_true`.
        n: Values that both the predicted and the true labels give.
        left_out: Values that only one of them gives.
        n_zero: Of the `n`, those whose true value is 0, so that they have no percentage.
        error_median_pct: Median of |measured - true| / |true| x 100.
        bias: Mean of measured - true.
        mean_true: Mean of the true values.
    """

    modality: str
    model: str
    data: str
    quantity: str
    unit: str
    n: int
    left_out: int
    n_zero: int
    error_median_pct: float
    bias: float
    mean_true: float


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a benchmark ran.

    Attributes:
        system: Operating system and version.
        processor: Its name, as far as the system tells.
        cores: That this process may use.
        memory_gb: Main memory in GiB; NaN where the system does not tell.
        versions: Distribution -> version.
    """

    system: str
    processor: str
    cores: int
    memory_gb: float
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Every modality and model side by side.

    Attributes:
        rows: A row a model and data set, each followed by its failures.
        measures: How far each quantity is off.
        models: The models that ran, in the order of the rows.
        machine: Where.
        device: Torch device that the models ran on.
        quick: True for few and coarse synthetic cases.
        seed: Of the first synthetic case of each model.
        created: When, ISO 8601 in UTC.
    """

    rows: tuple[BenchmarkRow, ...]
    measures: tuple[MeasureError, ...]
    models: tuple[ModelReference, ...]
    machine: Machine
    device: str
    quick: bool
    seed: int
    created: str

    @property
    def sums(self) -> tuple[BenchmarkRow, ...]:
        """The rows that sum up a model on a data set."""
        return tuple(row for row in self.rows if not row.is_failure)

    @property
    def failures(self) -> tuple[BenchmarkRow, ...]:
        """The rows of cases, models and modalities that failed."""
        return tuple(row for row in self.rows if row.is_failure)

    def to_frame(self) -> pd.DataFrame:
        """Return the columns of `benchmark.csv`."""
        import pandas as pd

        return pd.DataFrame([astuple(row) for row in self.rows], columns=[f.name for f in fields(BenchmarkRow)])

    def measures_frame(self) -> pd.DataFrame:
        """Return the columns of `benchmark_measures.csv`."""
        import pandas as pd

        return pd.DataFrame([astuple(row) for row in self.measures], columns=[f.name for f in fields(MeasureError)])

    def save(self, folder: str | Path) -> Path:
        """Write tables, provenance and page into `folder` at once and return its path.

        Raises:
            OutputError: The folder cannot be written; nothing is left behind.
        """
        from myoscope.benchmarking.writing import write_benchmark

        return write_benchmark(self, Path(folder))
