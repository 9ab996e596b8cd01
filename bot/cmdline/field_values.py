"""What labels and dump paths may be, for commands and for the fields of a form."""

from __future__ import annotations

import re
import unicodedata

from bot.cmdline.lexer import short

_MAX_LABEL = 63
_DUMP_PATH = re.compile(r"gs://[^/\s]+/\S+")
"""REST `MigrationJob.dumpPath`: "in the format: (gs://[BUCKET_NAME]/[OBJECT_NAME])"."""


def label_fault(key: str, value: str, example: str) -> str:
    """What is wrong with a label, in a sentence with this example; empty if nothing is.

    Source: "Requirements for labels" (Resource Manager).
    """
    if len(key) > _MAX_LABEL or len(value) > _MAX_LABEL:
        shown = short(f"{key}={value}")
        return f"A label key or value has at most {_MAX_LABEL} characters; `{shown}` has more."
    if not _is_label_key(key):
        return (
            "A label key starts with a lower-case letter and has only lower-case letters, digits, "
            f"`_` and `-`, as in `{example}`; `{short(key)}` does not."
        )
    if not all(_is_label_part(each) or each == "." for each in value):
        # REST `MigrationJob.labels` has a value with a dot as its example: the service decides about that.
        return (
            "A label value has only lower-case letters, digits, `_` and `-`, as in "
            f"`{example}`; `{short(value)}` does not."
        )
    return ""


def dump_path_fault(path: str, example: str) -> str:
    """What is wrong with the path of a dump, in a sentence with this example; empty if nothing is."""
    if not path or _DUMP_PATH.fullmatch(path):
        return ""
    return f"A dump path names a bucket and an object, as in `{example}`; `{short(path)}` does not."


def _is_label_key(key: str) -> bool:
    first = unicodedata.category(key[0]) in ("Ll", "Lo")
    return first and all(_is_label_part(each) for each in key)


def _is_label_part(character: str) -> bool:
    """Letters of other scripts are allowed, if they are not upper-case."""
    return character in "_-" or unicodedata.category(character) in ("Ll", "Lo", "Lm", "Mn", "Mc", "Nd")
