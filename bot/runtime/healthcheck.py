"""Asks a running bot over HTTP whether it is well."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request


def ask(url: str, timeout_s: float) -> str:
    """Empty when the answer is 200, else one sentence that says what came instead."""
    if not url.startswith(("http://", "https://")):
        return f"{url} is not an http(s) URL."
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout_s) as answer:
            return "" if answer.status == http.HTTPStatus.OK else f"{url} answered {answer.status}."
    except urllib.error.HTTPError as error:
        with error:
            text = error.read(2000).decode("utf-8", "replace").strip()
        return f"{url} answered {error.code}: {text}"
    except (OSError, http.client.HTTPException) as error:
        return f"{url} did not answer: {error}."
