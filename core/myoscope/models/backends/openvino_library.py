"""OpenVINO, imported so that it keeps to itself, its graphs on disk and its requests."""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def store_graph(graph: Any, file: Path) -> None:  # noqa: ANN401
    """Write a graph; constants that half precision holds exactly, as the weights of a package, take half the room.

    OpenVINO maps the file into memory and lays the weights out anew, and a process holds both. Constants that are not
    exact in half precision stay as they are, such as a convolution with the normalization after it folded in: every
    weight keeps its value, and logits change by rounding at most.

    Args:
        graph: With constants in float32; some are renamed.
        file: Ends in `.xml`; the constants lie beside it.

    Raises:
        OSError: It cannot be written.
    """
    kept: dict[str, Any] = {}
    for node in graph.get_ops():
        if node.get_type_name() == "Constant" and not _is_exact_in_half(node.get_data()):
            node.set_friendly_name(f"kept {len(kept)}")
            kept[node.get_friendly_name()] = node
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        halved = Path(folder) / file.name
        openvino().save_model(graph, halved, compress_to_fp16=True)
        mixed = core().read_model(halved)
        for node in mixed.get_ops():
            if node.get_friendly_name() in kept:
                node.output(0).replace(kept[node.get_friendly_name()].output(0))
        openvino().save_model(mixed, file, compress_to_fp16=False)
        del node, mixed  # Windows removes no file that is mapped


def _is_exact_in_half(values: NDArray[Any]) -> bool:
    with np.errstate(over="ignore"):
        return values.dtype != np.float32 or np.array_equal(values.astype(np.float16), values)


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
