"""Verbs typed at a desk with a real store and a local DMS, as the tests of the policy have it."""

from __future__ import annotations

from tests.policy.conftest import dms, dms_server, typing

__all__ = ["dms", "dms_server", "typing"]
