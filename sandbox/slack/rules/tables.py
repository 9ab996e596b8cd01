"""Tables and data tables.
Source: https://docs.slack.dev/reference/block-kit/blocks/table-block and …/data-table-block"""

from typing import Any

from sandbox.slack.rules.elements import button
from sandbox.slack.rules.richtext import rich_text
from sandbox.slack.rules.shapes import (
    Check,
    Faults,
    block,
    boolean,
    by_type,
    fault,
    integer,
    items,
    may,
    need,
    number,
    one_of,
    record,
    string,
)

TABLE_TEXT = 10_000
DATA_TABLE_TEXT = 20_000
"""Characters of all cells, in one data table and in all of a message together."""


def _raw_text(least: int) -> Check:
    return record({"type": need(one_of("raw_text")), "text": need(string(DATA_TABLE_TEXT, least))})


_RAW_NUMBER = record(
    {"type": need(one_of("raw_number")), "value": need(number), "text": may(string(DATA_TABLE_TEXT))}
)
_COLUMN = record({"align": may(one_of("left", "center", "right")), "is_wrapped": may(boolean)})


def _column(value: Any, pointer: str, faults: Faults) -> None:
    """`null` leaves a column as it is."""
    if value is not None:
        _COLUMN(value, pointer, faults)


def _table_text(value: Any, pointer: str, faults: Faults) -> None:
    if text_of(value["rows"]) > TABLE_TEXT:
        fault(
            faults, f"{pointer}/rows", f"must be less than {TABLE_TEXT + 1} characters in all cells together"
        )


table = block(
    "table",
    {
        "rows": need(
            items(
                items(
                    by_type({"raw_text": _raw_text(0), "raw_number": _RAW_NUMBER, "rich_text": rich_text}), 20
                ),
                100,
            )
        ),
        "column_settings": may(items(_column, 20, 0)),
    },
    _table_text,
)

_HEADER_CELLS = {"raw_text": _raw_text(1), "raw_number": _RAW_NUMBER}
_ACTION_CELL = record(
    {
        "type": need(one_of("action_cell")),
        "element": need(by_type({"button": button})),
        "fallback": may(by_type(_HEADER_CELLS)),
    }
)
_header = items(by_type(_HEADER_CELLS), 20)
_row = items(by_type({**_HEADER_CELLS, "rich_text": rich_text, "action_cell": _ACTION_CELL}), 20)


def _rows(value: Any, pointer: str, faults: Faults) -> None:
    items(lambda _row, _pointer, _faults: None, 201, 2)(value, pointer, faults)
    if not isinstance(value, list):
        return
    for index, cells in enumerate(value):
        (_row if index else _header)(cells, f"{pointer}/{index}", faults)
    if len({len(cells) for cells in value if isinstance(cells, list)}) > 1:
        fault(faults, pointer, "all rows must have the same number of cells")


def _row_header(value: Any, pointer: str, faults: Faults) -> None:
    if (value.get("row_header_column_index") or 0) >= len(value["rows"][0]):
        fault(faults, f"{pointer}/row_header_column_index", "must be the index of a column")


def _data_table_text(value: Any, pointer: str, faults: Faults) -> None:
    if text_of(value["rows"]) > DATA_TABLE_TEXT:
        words = f"must be less than {DATA_TABLE_TEXT + 1} characters in all cells together"
        fault(faults, f"{pointer}/rows", words)


data_table = block(
    "data_table",
    {
        "rows": need(_rows),
        "caption": need(string(2000)),
        "page_size": may(integer(1, 100)),
        "row_header_column_index": may(integer(0, 19)),
    },
    _row_header,
    _data_table_text,
)


def text_of(node: Any) -> int:
    """The characters of all texts below a node; a number without a text counts as it is written."""
    if isinstance(node, list):
        return sum(text_of(each) for each in node)
    if not isinstance(node, dict):
        return 0
    if node.get("type") == "raw_number" and not node.get("text"):
        return len(str(node.get("value")))
    return sum(
        len(value) if name == "text" and isinstance(value, str) else text_of(value)
        for name, value in node.items()
        if name != "fallback"
    )
