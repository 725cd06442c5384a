"""Measurement error of two measurements of each subject."""

from __future__ import annotations

import math

import numpy as np

from myoscope.data.agreement import NAN, Repeatability
from myoscope.stats.correlation import Z95
from myoscope.stats.icc import mean_squares
from myoscope.stats.pairs import Column


def repeatability(x: Column, y: Column) -> Repeatability:
    """Return standard error of measurement, minimal detectable change and within-subject coefficient of variation.

    SEM is the square root of the residual mean square, SD of differences / sqrt(2) (Weir 2005); SEM of agreement adds
    the variance between the two measurements, 0 where it is estimated below 0 (de Vet 2006). MDC95 = 1.96 sqrt(2) SEM.
    The coefficient of variation is the root mean square of (|x - y| / sqrt(2)) / mean in percent (Bland & Altman 1996).
    """
    squares = mean_squares(np.stack([x, y], axis=1))
    between = max((squares.raters - squares.residual) / squares.n, 0.0)
    sem, sem_agreement = math.sqrt(squares.residual), math.sqrt(squares.residual + between)
    detectable = Z95 * math.sqrt(2)
    return Repeatability(sem, detectable * sem, sem_agreement, detectable * sem_agreement, _cv_pct(x, y))


def _cv_pct(x: Column, y: Column) -> float:
    means = (x + y) / 2
    if (means <= 0).any():
        return NAN
    return float(100 * np.sqrt(np.mean((x - y) ** 2 / 2 / means**2)))
