"""Names that are meant as settings and are none: slips of the pen, each of which would leave a default."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from bot.util.suggest import nearest

_OURS = ("DMS_BOT_", "DMS_")
_SERVICE = re.compile(r"DMS_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
_SERVICE_URL = re.compile(r"DMS_(?:\w+_)?PORT")
"""Where Kubernetes has a Service whose name begins with `dms`, it tells each pod of it in such variables:
https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables"""


def strange(environ: Mapping[str, str], known: Collection[str]) -> list[str]:
    """The variables that begin as ours do, and that no setting has."""
    ours = (name for name in sorted(environ) if name.startswith("DMS_"))
    return [name for name in ours if not _is_sound(name, environ[name], known)]


def _is_sound(name: str, value: str, known: Collection[str]) -> bool:
    if name in known or _SERVICE.fullmatch(name):
        return True
    return "://" in value and _SERVICE_URL.fullmatch(name) is not None


def unknown_variables(name: str, known: Collection[str], where: str = "") -> str:
    """One sentence that names the setting which was probably meant."""
    near = _by_prefix(name, known) or nearest(name, sorted(known))
    return f"Unknown setting {name}{where}{f'. Did you mean {near}?' if near else '; remove it.'}"


def _by_prefix(name: str, known: Collection[str]) -> str:
    """The setting of the same name with another beginning: `PORT` for `DMS_BOT_PORT`."""
    begun = next((each for each in _OURS if name.startswith(each)), "")
    rest = name.removeprefix(begun)
    return next((each for each in (f"{begin}{rest}" for begin in (*_OURS, "")) if each in known), "")
