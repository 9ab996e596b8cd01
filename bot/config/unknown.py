"""Finds misspelt settings, which would otherwise leave a default in place unnoticed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from bot.util.suggest import nearest

_PREFIXES = ("DMS_BOT_", "DMS_")
_SERVICE = re.compile(r"DMS_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
_SERVICE_URL = re.compile(r"DMS_(?:\w+_)?PORT")
"""Kubernetes sets such variables in each pod if there is a Service whose name begins with `dms`. Source:
https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables"""


def unknown_variables(environ: Mapping[str, str], known: Collection[str]) -> list[str]:
    """The variables that begin with `DMS_` and are no setting."""
    ours = (name for name in sorted(environ) if name.startswith("DMS_"))
    return [name for name in ours if name not in known and not _is_of_kubernetes(name, environ[name])]


def _is_of_kubernetes(name: str, value: str) -> bool:
    if _SERVICE.fullmatch(name):
        return True
    return "://" in value and _SERVICE_URL.fullmatch(name) is not None


def unknown_setting(name: str, known: Collection[str], where: str = "") -> str:
    """One sentence about an unknown setting, with the setting that was probably meant."""
    near = _by_prefix(name, known) or nearest(name, sorted(known))
    return f"Unknown setting {name}{where}{f'. Did you mean {near}?' if near else '; remove it.'}"


def _by_prefix(name: str, known: Collection[str]) -> str:
    """The setting with the same name and another prefix: `PORT` for `DMS_BOT_PORT`."""
    prefix = next((each for each in _PREFIXES if name.startswith(each)), "")
    rest = name.removeprefix(prefix)
    return next((each for each in (f"{other}{rest}" for other in (*_PREFIXES, "")) if each in known), "")
