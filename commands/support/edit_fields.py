"""Display name, labels and dump path of an edit: what may be typed, and how a change reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.cmdline.field_values import dump_path_fault, label_fault
from bot.cmdline.invocation import Flag, Invocation, UsageError
from bot.cmdline.lexer import in_code, short
from bot.dms.model import FieldChange, Job
from bot.util.suggest import nearest, or_similar

FIELD_FLAGS = (
    Flag("name", "text", "display name"),
    Flag("label", "list", "set `env=prod`; `env=` removes it"),
    Flag("dump-path", "word", "a dump made by hand: `gs://bucket/orders.sql`"),
)
_MAX_LABELS = 64


def read_fields(invocation: Invocation) -> FieldChange:
    """The new values that the flags give.

    Raises:
        UsageError: a value is not what its field takes.
    """
    flags = invocation.flags
    path = invocation.word("dump-path") if "dump-path" in flags else None
    fault = dump_path_fault(path or "", "--dump-path gs://bucket/orders.sql")
    if fault:
        raise UsageError(fault)
    return FieldChange(
        name=invocation.word("name") if "name" in flags else None,
        labels=_labels(invocation.items("label")),
        dump_path=path,
    )


def check_fields(change: FieldChange, job: Job) -> None:
    """Refuse labels that the job cannot have.

    Raises:
        UsageError: a label to remove that it does not have, or too many labels.
    """
    keys = [key for key, _ in job.labels]
    unknown = next((key for key, value in change.labels if not value and key not in keys), "")
    if unknown:
        raise UsageError(
            f"`{job.id}` has no label `{unknown}` to remove{or_similar(unknown, keys)}; nothing was sent.",
            corrections=[{f"{unknown}=": f"{near}="}] if (near := nearest(unknown, keys)) else (),
        )
    count = len(change.labels_on(job))
    if change.labels and count > _MAX_LABELS:
        raise UsageError(
            f"A job has at most {_MAX_LABELS} labels, and these would be {count}: remove some, "
            "as in `--label team=`."
        )


def field_lines(job: Job, change: FieldChange) -> Iterator[str]:
    """From what to what, one line each."""
    if change.name is not None:
        yield f"*Display name*: {_shown(job.display_name)} → {_shown(change.name)}"
    for key, value in change.labels:
        before = job.label(key)
        if not value:
            yield f"➖ *Label* `{key}`, which was {_shown(before or '')}"
        elif before is None:
            yield f"➕ *Label* `{key}`: {_shown(value)}"
        else:
            yield f"*Label* `{key}`: {_shown(before)} → {_shown(value)}"
    if change.dump_path is not None:
        yield f"*Dump path*: {_shown(job.dump_path)} → {_shown(change.dump_path)}"


def field_consequences(job: Job, change: FieldChange) -> Iterator[str]:
    """What the change means, one line each."""
    if change.dump_path and job.source.engine != "MYSQL":
        # Of the guides, "Manage migration jobs" (MySQL) alone speaks of a dump that was made by hand.
        yield "*The service decides*: DMS documents a dump made by hand for MySQL only."
    elif change.dump_path:
        yield "The dump is loaded in a full dump: at the job's start, or at its next restart."


def _labels(items: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for each in items:
        key, value = _label(each)
        if found.setdefault(key, value) != value:
            raise UsageError(f"The label `{key}` is given twice, with different values: give it once.")
    return tuple(sorted(found.items()))


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not key:
        raise UsageError(
            f"A label has a key and a value, as in `--label env=prod`, and `--label env=` removes it; "
            f"`{short(text)}` has not."
        )
    fault = label_fault(key, value, "--label env=prod")
    if fault:
        raise UsageError(fault)
    return key, value


def _shown(text: str) -> str:
    return f"`{in_code(text)}`" if text.strip() else "not set"
