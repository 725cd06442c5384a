"""OpenVINO, imported so that it keeps to itself, and its requests."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

TELEMETRY = "openvino_telemetry"


@cache
def openvino() -> Any:  # noqa: ANN401  # only some of its parts are typed
    """Return the library.

    It would report its use to its maker over the network and leave an identifier in the user's home, unasked. Where its
    telemetry cannot be imported it does neither.
    """
    before = sys.modules.get(TELEMETRY)
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # what Python takes for 'cannot be imported'
    try:
        import openvino
    finally:
        del sys.modules[TELEMETRY]
        if before is not None:
            sys.modules[TELEMETRY] = before
    return openvino


@cache
def core() -> Any:  # noqa: ANN401
    """Return OpenVINO's runtime, one for the process."""
    return openvino().Core()


def has_bfloat16() -> bool:
    """Tell whether this processor computes in bfloat16."""
    return "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def processor() -> str:
    """Return what the processor calls itself and what it can do: another one may give other labels."""
    abilities = sorted(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    return f"{core().get_property('CPU', 'FULL_DEVICE_NAME')} {' '.join(abilities)}"


def request_for(graph: Path, *, precision: str, threads: int) -> Any:  # noqa: ANN401
    """Return what infers with a stored graph on the CPU, in `float32` or `bfloat16`."""
    properties, kind = openvino().properties, openvino().Type
    settings = {
        properties.hint.inference_precision(): kind.bf16 if precision == "bfloat16" else kind.f32,
        properties.hint.performance_mode(): properties.hint.PerformanceMode.LATENCY,
        # Two processes that pin their threads would pin them to the same cores.
        properties.hint.enable_cpu_pinning(): False,
        properties.inference_num_threads(): threads,
    }
    return core().compile_model(core().read_model(graph), "CPU", settings).create_infer_request()
