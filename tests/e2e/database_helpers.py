"""What tests of databases, edits and bulk share: the calls of one job, its destination, its views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from bot.dms.model import job_name
from sandbox.slack import plain
from tests.e2e.env import CAUGHT_UP, CHANNEL, JSON, LOCATIONS, Env, input_of, unique_id
from tests.waiting import PATIENCE_S, until

CHANGES = (
    "CreateMigrationJob",
    "UpdateMigrationJob",
    "DeleteMigrationJob",
    "StartMigrationJob",
    "StopMigrationJob",
    "ResumeMigrationJob",
    "RestartMigrationJob",
    "PromoteMigrationJob",
    "VerifyMigrationJob",
)
"""Every method that changes a job, over gRPC and over REST."""


NAMES = ("billing", "legacy", "sales")


def full(job: str) -> str:
    return job_name("demo-project", LOCATIONS[0], job)


def calls(env: Env, job: str) -> list[JSON]:
    """The changes that the DMS was asked to make to this job, oldest first."""
    name = full(job)
    return [each for each in env.dms.calls(*CHANGES) if name in _texts(each["request"])]


def only_call(env: Env, job: str, method: str, transport: str) -> JSON:
    """The request of the one call that changed this job."""
    made = calls(env, job)
    assert [(each["method"], each["transport"].lower()) for each in made] == [(method, transport)], made
    request: JSON = made[0]["request"]
    return request


def filter_of(*names: str) -> JSON:
    """An `objectsFilter` of whole databases, as REST takes it."""
    objects = [{"objectIdentifier": {"type": "DATABASE", "database": name}} for name in names]
    return {"sourceObjectsConfig": {"objectsSelectionType": "SPECIFIED_OBJECTS", "objectConfigs": objects}}


def all_but(*names: str) -> JSON:
    """An `objectsConfig` of all databases but these."""
    source: JSON = {"objectsSelectionType": "ALL_OBJECTS"}
    if names:
        source["excludedObjectConfigs"] = [
            {"objectIdentifier": {"type": "DATABASE", "database": name}} for name in names
        ]
    return {"sourceObjectsConfig": source}


def job_with(env: Env, prefix: str = "edit", **values: Any) -> str:
    """A job with three databases, all of them taken, that does not move by itself."""
    job = unique_id(prefix)
    env.dms.add_job(job, **{"phase": "CDC", "databases": list(NAMES), "frozen": True, **CAUGHT_UP, **values})
    return job


def patched(env: Env, job: str) -> tuple[str, JSON]:
    """Mask and body of the one REST patch that the job got; its name apart."""
    request = only_call(env, job, "UpdateMigrationJob", "rest")
    body = dict(request["body"])
    assert body.pop("name").endswith(f"/{job}")
    assert request["request_id"]
    return request["update_mask"], body


def config_of(env: Env, job: str) -> JSON:
    found: JSON = env.dms.job(job)["objectsConfig"]
    return found


def slow(*names: str) -> list[JSON]:
    """Databases whose dump does not end while a test runs."""
    return [{"name": name, "dump_seconds": 36_000.0} for name in names]


def destination(env: Env, job: str) -> JSON:
    """What became of the job's destination."""
    wanted = env.dms.job(job)["destinationName"]
    found: JSON = next(each for each in env.dms.destinations() if each["name"] == wanted)
    return found


def states(env: Env, job: str) -> dict[str, str]:
    """By database: its state."""
    return {each["name"]: each["state"] for each in env.dms.job(job)["databases"]}


def opened(env: Env, command: str, *words: str, user: str = "dana") -> JSON:
    """The view that a command opens, once it shows these words."""
    delivery = env.slack.command(command, user=user, channel=CHANNEL)
    assert delivery["ok"], delivery
    return env.slack.wait_view(user, contains=words)


SELECTION = "dms:edit:selection"
_MENUS = {"all": "excluded", "chosen": "chosen"}


def submitted(env: Env, view: JSON, values: dict[str, Any], user: str = "dana") -> None:
    """Fill in the view and submit it. What is selected in the edit form decides which menu it shows."""
    if SELECTION in values:
        env.slack.press(view, SELECTION, value=values[SELECTION], user=user)
        view = until(lambda: _shown_with(env, user, _MENUS[values[SELECTION]]))
    answer = env.slack.submit(view, values, user=user)
    assert answer["submitted"], answer
    assert not answer["errors"], answer


def _shown_with(env: Env, user: str, block: str) -> JSON | None:
    """The topmost view, if it has this block."""
    view = env.slack.views(user)[-1]
    return view if any(each["block_id"] == block for each in view["blocks"]) else None


def confirm_typed(env: Env, card: JSON, label: str, phrase: str, user: str = "dana") -> None:
    """Press the button and type the phrase into the view that asks for it."""
    env.press(card, label, user)
    view = env.slack.wait_view(user, contains=["are you sure", f"Type {phrase} to confirm"])
    answer = env.slack.submit(view, {input_of(view): phrase}, user=user)
    assert answer["submitted"], answer
    assert not answer["errors"], answer


def no_views(env: Env, user: str = "dana") -> None:
    """Close whatever is open, as every person has a screen of their own."""
    for view in env.slack.views(user)[-1:]:
        env.slack.close_view(view, user=user, everything=True)


def card_after(env: Env, before: str, *words: str, user: str = "dana", timeout: float = PATIENCE_S) -> JSON:
    """The newest message with these words that came after `before`, outside of threads: the reply that tells
    the outcome there may be the first to have them."""
    return env.slack.wait_message(
        channel=CHANNEL, user=user, contains=words, after=before, where=_is_card, timeout=timeout
    )


def _is_card(message: JSON) -> bool:
    return not message.get("is_reply")


def edited_by_somebody_else(env: Env, job: str, *names: str) -> None:
    """As in the console: the job takes these databases from now on."""
    response = httpx.patch(
        f"http://{env.bot.settings.dms_emulator_rest_host}/v1/{full(job)}",
        params={"updateMask": "objectsConfig"},
        json={"objectsConfig": filter_of(*names)},
        trust_env=False,
    )
    assert response.status_code == 200, response.text
    operation = response.json()["name"]
    waited = httpx.post(
        f"http://{env.bot.settings.dms_emulator_rest_host}/v1/{operation}:wait", json={}, trust_env=False
    )
    assert waited.json()["done"], waited.text


def labels(message: JSON) -> list[str]:
    """The labels of all buttons."""
    return [line[1:-1] for line in plain(message).splitlines() if line.startswith("[") and line.endswith("]")]


def _texts(value: Any) -> set[str]:
    return set(_walk(value))


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each)
