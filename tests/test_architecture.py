"""The rules of the house (docs/architecture.md), held by reading the source."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import myoscope

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core" / "myoscope"
PLUGINS = ROOT / "plugins"
SOURCES = sorted([*CORE.rglob("*.py"), *PLUGINS.rglob("*.py")])
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 60
#: Loaded where they are used, never by `import myoscope` or `myoscope --help`.
HEAVY = (
    "torch", "monai", "lightning", "pandas", "scipy", "skimage", "SimpleITK", "matplotlib", "plotly", "nibabel",
    "pydicom", "nnunetv2", "cv2", "dask", "openvino", "statsmodels", "pingouin",
)  # fmt: skip
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "base.py"}
READERS = ("open", "read_text", "read_bytes", "read_volume", "read_labels", "read_csv")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of every import in a file, wherever it stands; the name is empty for `import module`."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)} imports relatively"
            yield from ((node.module or "", alias.name) for alias in node.names)


def test_core_imports_no_plugin() -> None:
    wrong = [named(p) for p in CORE.rglob("*.py") for module, _ in imports(p) if module.startswith("myoscope_")]
    assert wrong == []


def test_nothing_imports_the_command_line_but_the_way_to_it() -> None:
    cli = CORE / "cli"
    others = [path for path in SOURCES if cli not in path.parents and path != CORE / "__main__.py"]
    assert [named(p) for p in others for module, _ in imports(p) if module.startswith("myoscope.cli")] == []


def test_a_plugin_imports_public_names_only() -> None:
    wrong = []
    for path in PLUGINS.rglob("*.py"):
        for module, name in imports(path):
            if module == "myoscope" and name not in myoscope.__all__:
                wrong.append(f"{named(path)}: myoscope.{name}")
            if module.startswith("myoscope.") and (name.startswith("_") or "._" in module):
                wrong.append(f"{named(path)}: {module}.{name}")
    assert wrong == []


def test_a_plugin_imports_no_other_plugin() -> None:
    wrong = [
        named(path)
        for package in PLUGINS.glob("*/myoscope_*")
        for path in package.rglob("*.py")
        for module, _ in imports(path)
        if module.startswith("myoscope_") and module.partition(".")[0] != package.name
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["metrics", "stats"])
def test_metrics_and_statistics_read_no_files(package: str) -> None:
    wrong = []
    for path in (CORE / package).rglob("*.py"):
        wrong += [named(path) for module, _ in imports(path) if module.startswith("myoscope.io")]
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                wrong += [f"{named(path)}:{node.lineno} {called}"] * (called in READERS)
    assert wrong == []


def test_the_report_measures_nothing() -> None:
    forbidden = ("myoscope.metrics", "myoscope.stats", "myoscope.qc", "myoscope.inference", "scipy.stats")
    wrong = [
        f"{named(path)}: {module}"
        for path in (CORE / "report").rglob("*.py")
        for module, _ in imports(path)
        if module.startswith(forbidden)
    ]
    assert wrong == []


def test_the_environment_is_read_in_settings_alone() -> None:
    wrong = []
    for path in SOURCES:
        for node in ast.walk(tree_of(path)):
            reads = isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
            if reads and path != CORE / "settings.py":
                wrong.append(f"{named(path)}:{node.lineno}")
    assert wrong == []


def test_only_one_module_touches_the_relay() -> None:
    wrong = [
        named(path) for path in SOURCES for module, _ in imports(path)
        if module.startswith("pluggy") and path.name not in {"plugins.py", "hookspecs.py"}
    ]  # fmt: skip
    assert wrong == []


def test_no_file_is_a_drawer_for_leftovers() -> None:
    assert [named(path) for path in SOURCES if path.name in FORBIDDEN_NAMES] == []


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = {}
    for path in SOURCES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    long[f"{named(path)}:{node.name}"] = lines
    assert long == {}


def test_every_function_takes_at_most_two_arguments_beyond_six_by_keyword() -> None:
    many = []
    for path in SOURCES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef):
                positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in {"self", "cls"}]
                if len(positional) > 6:
                    many.append(f"{named(path)}:{node.name}")
    assert many == []


def test_importing_myoscope_and_its_command_line_loads_nothing_heavy() -> None:
    code = (
        "import sys, myoscope, myoscope.cli; "
        f"print(sorted({{name.partition('.')[0] for name in sys.modules}} & {set(HEAVY)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import atexit, sys; atexit.register(lambda: print('loaded', "
        f"sorted({{name.partition('.')[0] for name in sys.modules}} & {set(HEAVY)!r}))); "
        "from myoscope.cli import main; main(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.rstrip().endswith("loaded []")


def test_every_version_is_pinned_by_name_and_number_alone() -> None:
    lines = (ROOT / "constraints.txt").read_text().split()
    assert [line for line in lines if line.count("==") != 1 or "/" in line or "@" in line] == []
    assert lines == sorted(lines, key=str.lower)
    versions = dict(line.split("==") for line in lines)
    assert versions["torch"] == "2.15.0"
    assert f'requires = ["hatchling=={versions["hatchling"]}"]' in (ROOT / "pyproject.toml").read_text()
