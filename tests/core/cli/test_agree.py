from __future__ import annotations

import csv
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., Any]
HEADER = ("id", "sex", "model", "manual", "grip", "same", "text")
VOID = {"meta", "br", "link", "img"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Twenty people; one has no manual value and one no sex."""
    rng = np.random.default_rng(5)
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for index in range(20):
            manual = rng.normal(100, 20)
            cells = [manual + rng.normal(2, 4), manual if index else "", manual / 4 + rng.normal(0, 4), 5, "a lot"]
            writer.writerow([index, "" if index == 3 else ("male", "female")[index % 2], *cells])
    return path


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "agreement.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


class Balance(HTMLParser):
    """Complains about tags that do not close in order, and about anything loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.wrong += [f"{tag} loads {value}" for name, value in attrs if name in {"src", "href"} and value]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.wrong.append(f"</{tag}> in {self.stack[-3:]}")


def faults(folder: Path) -> list[str]:
    reader = Balance()
    reader.feed((folder / "agreement.html").read_text(encoding="utf-8"))
    return reader.wrong + reader.stack


def test_two_columns_give_every_statistic_and_a_whole_page(run: Run, table: Path, tmp_path: Path) -> None:
    said = run("agree", table, "-x", "model", "-y", "manual", "-o", tmp_path / "out")
    assert said.code == 0, said.err
    assert "19 pairs (rows left out: 1)" in said.out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["agreement.csv", "agreement.html"]
    rows = {row["statistic"]: row for row in rows_of(tmp_path / "out")}
    assert len(rows) == 22
    assert float(rows["pearson_r"]["value"]) > 0.9
    assert rows["ICC(2,1)"]["band"]
    assert {row["left_out"] for row in rows.values()} == {"1"}
    assert faults(tmp_path / "out") == []
    page = (tmp_path / "out" / "agreement.html").read_text(encoding="utf-8")
    assert "Research use only" in page
    assert page.count("<circle") == 2 * 19


def test_groups_come_after_everyone_and_rows_without_one_are_told(run: Run, table: Path, tmp_path: Path) -> None:
    said = run("agree", table, "-x", "model", "-y", "manual", "--by", "sex", "-o", tmp_path / "out")
    assert list(dict.fromkeys(row["group"] for row in rows_of(tmp_path / "out"))) == ["all", "female", "male", ""]
    assert "left out: rows without a group, rows: 1." in said.out
    assert faults(tmp_path / "out") == []


def test_several_columns_give_a_correlation_table_and_a_heat_map(run: Run, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = run("agree", table, "-x", "model", "-x", "manual", "-y", "grip", "same", "--by", "sex", "-o", out)
    assert said.code == 0, said.err
    rows = rows_of(out)
    cells = {(row["group"], row["x"], row["y"], row["statistic"]) for row in rows if row["x"]}
    assert len(cells) == 3 * 2 * 2 * 2
    whole = [row for row in rows if row["y"] == "grip"]
    assert all(float(row["p"]) <= float(row["p_fdr_bh"]) <= float(row["p_holm"]) for row in whole)
    assert all("constant" in row["reason"] for row in rows if row["y"] == "same")
    page = (out / "agreement.html").read_text(encoding="utf-8")
    assert page.count("<rect") == 3 * 4
    assert faults(out) == []


def test_the_same_table_gives_the_same_bytes(run: Run, table: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("agree", table, "-x", "model", "-y", "manual", "--by", "sex", "-o", tmp_path / name, "-q")
    for file in ("agreement.csv", "agreement.html"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_names_from_a_table_are_text_and_never_markup(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("<b>x</b>,y\n1,2\n2,3\n4,4\n")
    assert run("agree", path, "-x", "<b>x</b>", "-y", "y", "-o", tmp_path / "out").code == 0
    page = (tmp_path / "out" / "agreement.html").read_text(encoding="utf-8")
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x" in page


def test_tabs_semicolons_and_a_byte_order_mark_are_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("x\ty\n1\t2\n2\t3\n4\t4\n")
    (tmp_path / "b.csv").write_text("\ufeffx;y\r\n1;2\r\n2;3\r\n4;4\r\n", encoding="utf-8")
    for name in ("a.tsv", "b.csv"):
        assert run("agree", tmp_path / name, "-x", "x", "-y", "y", "-o", tmp_path / name[0]).code == 0
    assert rows_of(tmp_path / "a") == rows_of(tmp_path / "b")


BAD = {
    "missing column": ("t.csv", "x,z\n1,2\n2,3\n4,4\n", "has no column 'y'"),
    "column twice": ("t.csv", "x,y,y\n1,2,2\n2,3,2\n4,4,2\n", "2 columns 'y'"),
    "text in a number": ("t.csv", "x,y\n1,2\n2,3 kg\n4,4\n", "'3 kg' in line 3"),
    "decimal comma": ("t.csv", "x;y\n1;2,5\n2;3\n4;4\n", "'2,5' in line 2"),
    "infinite": ("t.csv", "x,y\n1,2\n2,inf\n4,4\n", "'inf' in line 3"),
    "one row": ("t.csv", "x,y\n1,2\n", "1 pair in 1 row"),
    "no row": ("t.csv", "x,y\n", "0 pairs in 0 rows"),
    "constant column": ("t.csv", "x,y\n1,2\n2,2\n4,2\n", "y is 2 in every pair"),
    "nothing but NaN": ("t.csv", "x,y\n1,NaN\n2,\n4,NA\n", "0 pairs in 3 rows"),
    "two pairs": ("t.csv", "x,y\n1,1\n2,2\n4,\n", "2 pairs in 3 rows"),
    "ragged": ("t.csv", "x,y\n1,2\n2,3,4\n4,4\n", "Line 3 of t.csv has 3 cells"),
    "open quote": ("t.csv", 'x,y\n1,"2\n2,3\n', "cannot be read"),
    "empty": ("t.csv", "", "is empty"),
    "a workbook": ("t.xlsx", "PK", "Save it as .csv or .tsv"),
    "another encoding": ("t.csv", b"x,y\n1,\xb1\n", "UTF-8"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_gets_a_sentence_exit_code_3_and_no_files(case: str, run: Run, tmp_path: Path) -> None:
    name, content, words = BAD[case]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    said = run("agree", tmp_path / name, "-x", "x", "-y", "y", "-o", tmp_path / "out")
    assert said.code == 3
    assert said.err.startswith("error: ")
    assert words in said.err
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_table_that_is_not_there_and_a_group_column_that_is_not_there(run: Run, table: Path, tmp_path: Path) -> None:
    said = run("agree", tmp_path / "absent.csv", "-x", "x", "-y", "y", "-o", tmp_path / "out")
    assert (said.code, "No such file" in said.err) == (3, True)
    said = run("agree", table, "-x", "model", "-y", "manual", "--by", "gender", "-o", tmp_path / "out")
    assert (said.code, "no column 'gender'" in said.err) == (3, True)
    assert not (tmp_path / "out").exists()
