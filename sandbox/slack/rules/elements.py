"""Interactive elements and where each may stand.
Source: https://docs.slack.dev/reference/block-kit/block-elements"""

import re
from typing import Any

from sandbox.slack.rules.objects import (
    choice_option,
    confirm,
    conversation_filter,
    dispatch_config,
    distinct_values,
    initial_among_options,
    option_group,
    overflow_option,
    plain,
    select_option,
    slack_file,
)
from sandbox.slack.rules.shapes import (
    Check,
    Faults,
    Field,
    anything,
    boolean,
    exactly_one,
    fault,
    integer,
    items,
    may,
    need,
    one_of,
    record,
    string,
)

_ACTION_ID = may(string(255))
_PLACEHOLDER = may(plain(150))


def _interactive(kind: str, fields: dict[str, Field], *also: Check) -> Check:
    common = {
        "type": need(one_of(kind)),
        "action_id": _ACTION_ID,
        "confirm": may(confirm),
        "focus_on_load": may(boolean),
    }
    return record({**common, **fields}, *also)


def _matching(pattern: str, words: str) -> Check:
    def check(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            fault(faults, pointer, words)

    return check


_URL = _matching(r"[a-z][a-z0-9+.-]*:\S{1,2990}", "must be a valid URL of less than 3001 characters")
_DATE = _matching(r"\d{4}-\d{2}-\d{2}", "must be a date in the form YYYY-MM-DD")
_TIME = _matching(r"\d{2}:\d{2}", "must be a time in the form HH:mm")

button = record(
    {
        "type": need(one_of("button")),
        "text": need(plain(75)),
        "action_id": _ACTION_ID,
        "url": may(_URL),
        "value": may(string(2000, 0)),
        "style": may(one_of("primary", "danger")),
        "confirm": may(confirm),
        "accessibility_label": may(string(75)),
    }
)

image = record(
    {
        "type": need(one_of("image")),
        "alt_text": need(string(2000)),
        "image_url": may(_URL),
        "slack_file": may(slack_file),
    },
    exactly_one("image_url", "slack_file"),
)


def _menu(kind: str, *, many: bool, fields: dict[str, Field], also: tuple[Check, ...] = ()) -> Check:
    extra = {"max_selected_items": may(integer(1, 10_000))} if many else {}
    return _interactive(kind, {"placeholder": _PLACEHOLDER, **extra, **fields}, *also)


_STATIC: dict[str, Field] = {
    "options": may(items(select_option, 100)),
    "option_groups": may(items(option_group, 100)),
}
_STATIC_ALSO = (exactly_one("options", "option_groups"), distinct_values, initial_among_options)
_ONE = may(select_option)
_MANY = may(items(select_option, 100))
_ID = may(string(255))
_IDS = may(items(string(255), 1000, 0))

_CONVERSATIONS: dict[str, Field] = {
    "default_to_current_conversation": may(boolean),
    "filter": may(conversation_filter),
}
_IN_MODAL = {"response_url_enabled": may(boolean)}

selects: dict[str, Check] = {
    "static_select": _menu(
        "static_select", many=False, fields={**_STATIC, "initial_option": _ONE}, also=_STATIC_ALSO
    ),
    "external_select": _menu(
        "external_select",
        many=False,
        fields={"initial_option": _ONE, "min_query_length": may(integer(0, 1000))},
    ),
    "users_select": _menu("users_select", many=False, fields={"initial_user": _ID}),
    "conversations_select": _menu(
        "conversations_select",
        many=False,
        fields={"initial_conversation": _ID, **_CONVERSATIONS, **_IN_MODAL},
    ),
    "channels_select": _menu("channels_select", many=False, fields={"initial_channel": _ID, **_IN_MODAL}),
}
multi_selects: dict[str, Check] = {
    "multi_static_select": _menu(
        "multi_static_select", many=True, fields={**_STATIC, "initial_options": _MANY}, also=_STATIC_ALSO
    ),
    "multi_external_select": _menu(
        "multi_external_select",
        many=True,
        fields={"initial_options": _MANY, "min_query_length": may(integer(0, 1000))},
    ),
    "multi_users_select": _menu("multi_users_select", many=True, fields={"initial_users": _IDS}),
    "multi_conversations_select": _menu(
        "multi_conversations_select", many=True, fields={"initial_conversations": _IDS, **_CONVERSATIONS}
    ),
    "multi_channels_select": _menu("multi_channels_select", many=True, fields={"initial_channels": _IDS}),
}

choices: dict[str, Check] = {
    "checkboxes": _interactive(
        "checkboxes",
        {"options": need(items(choice_option, 10)), "initial_options": may(items(choice_option, 10))},
        distinct_values,
        initial_among_options,
    ),
    "radio_buttons": _interactive(
        "radio_buttons",
        {"options": need(items(choice_option, 10)), "initial_option": may(choice_option)},
        distinct_values,
        initial_among_options,
    ),
}
overflow = record(
    {
        "type": need(one_of("overflow")),
        "action_id": _ACTION_ID,
        "options": need(items(overflow_option, 5)),
        "confirm": may(confirm),
    }
)

pickers: dict[str, Check] = {
    "datepicker": _interactive("datepicker", {"initial_date": may(_DATE), "placeholder": _PLACEHOLDER}),
    "timepicker": _interactive(
        "timepicker",
        {"initial_time": may(_TIME), "placeholder": _PLACEHOLDER, "timezone": may(string(255))},
    ),
}
datetimepicker = _interactive(
    "datetimepicker", {"initial_date_time": may(integer(1_000_000_000, 9_999_999_999))}
)


def _length_range(value: Any, pointer: str, faults: Faults) -> None:
    if value.get("max_length", 3000) < value.get("min_length", 0):
        fault(faults, pointer, "max_length must not be less than min_length")


def _typed_input(kind: str, fields: dict[str, Field], *also: Check) -> Check:
    common: dict[str, Field] = {
        "type": need(one_of(kind)),
        "action_id": _ACTION_ID,
        "placeholder": _PLACEHOLDER,
        "focus_on_load": may(boolean),
        "dispatch_action_config": may(dispatch_config),
    }
    return record({**common, **fields}, *also)


rich_text_input = _typed_input("rich_text_input", {"initial_value": may(anything)})
_NUMBER = may(_matching(r"-?\d+(\.\d+)?", "must be a number written as a string"))
inputs: dict[str, Check] = {
    "plain_text_input": _typed_input(
        "plain_text_input",
        {
            "initial_value": may(string(3000, 0)),
            "multiline": may(boolean),
            "min_length": may(integer(0, 3000)),
            "max_length": may(integer(1, 3000)),
        },
        _length_range,
    ),
    "number_input": _typed_input(
        "number_input",
        {
            "is_decimal_allowed": need(boolean),
            "initial_value": _NUMBER,
            "min_value": _NUMBER,
            "max_value": _NUMBER,
        },
    ),
    "email_text_input": _typed_input("email_text_input", {"initial_value": may(string(3000, 0))}),
    "url_text_input": _typed_input("url_text_input", {"initial_value": may(string(3000, 0))}),
    "rich_text_input": rich_text_input,
    "file_input": record(
        {
            "type": need(one_of("file_input")),
            "action_id": _ACTION_ID,
            "filetypes": may(items(string(255), 100)),
            "max_files": may(integer(1, 10)),
        }
    ),
}

ACCESSORIES: dict[str, Check] = {
    "button": button,
    "image": image,
    "overflow": overflow,
    **selects,
    **multi_selects,
    **choices,
    **pickers,
}
IN_ACTIONS: dict[str, Check] = {
    "button": button,
    "overflow": overflow,
    "datetimepicker": datetimepicker,
    "rich_text_input": rich_text_input,
    **selects,
    **multi_selects,
    **choices,
    **pickers,
}
IN_INPUT: dict[str, Check] = {
    "datetimepicker": datetimepicker,
    **selects,
    **multi_selects,
    **choices,
    **pickers,
    **inputs,
}
