"""Whom a request for approval notifies: those who may approve, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cmdline.answers import Channel, Group, User
from bot.policy.access import Access
from bot.policy.approver_list import NOBODY, ApproverList, approvers_to_ask, named_approvers
from bot.store.records import Request

from .people import ALEX, DANA, DBAS, MEMBERS, OPEN, ROLES, access, job, request, silent

LEADS = "S0LEADS001"
GROUPS = {LEADS: frozenset({ALEX.user}), DBAS: frozenset({DANA.user, "U0SAM00001", "U0TOM00001"})}
DBA_RULE = """
[[rule]]
name = "dbas"
verbs = ["promote"]
jobs = ["*"]
approvers = ["@dba-team"]
"""


def asking(text: str = ROLES, **more: Any) -> Access:
    return access(text, **({"groups_of": groups_of, "members_of": GROUPS.__getitem__} | more))


def groups_of(user: str) -> frozenset[str]:
    known = {"U0SAM00001": MEMBERS[DANA.user], "U0TOM00001": MEMBERS[DANA.user]}
    return (MEMBERS | known).get(user, frozenset())


def asked(by: Request, policy: Access, *decided: str) -> ApproverList:
    return approvers_to_ask(policy, by, "C0APPROVAL", frozenset(decided))


def test_groups_are_mentioned_whole_and_people_once() -> None:
    found = asked(request(), asking())
    assert found.asked == (User("U0RILEY001"), User("U0ADMIN001"), Group(LEADS))
    assert named_approvers(asking(), request()).asked == found.asked


def test_a_group_with_the_requester_or_with_somebody_who_has_decided_is_mentioned_by_its_others() -> None:
    policy = asking(ROLES + DBA_RULE)
    assert asked(request(by=DANA), policy).asked == (User("U0SAM00001"), User("U0TOM00001"))
    assert asked(request(by=DANA), policy, "U0TOM00001").asked == (User("U0SAM00001"),)
    assert asked(request(by=ALEX), policy).asked == (Group(DBAS),)
    assert named_approvers(policy, request(by=DANA)).asked == (Group(DBAS),)


def test_of_a_large_group_the_first_few_are_mentioned_and_the_others_counted() -> None:
    many = frozenset(f"U{number:03}" for number in range(40))
    policy = asking(ROLES + DBA_RULE, members_of={DBAS: many | {DANA.user}}.__getitem__)
    found = asked(request(by=DANA), policy)
    assert found.asked == tuple(User(f"U{number:03}") for number in range(5))
    assert found.more == 35


def test_who_may_not_approve_every_job_is_not_asked() -> None:
    """Of two jobs with different rules: somebody who may approve both."""
    rule = DBA_RULE.replace('jobs = ["*"]', 'jobs = ["other"]').replace("@dba-team", "U0RILEY001")
    both = request(jobs=(job(), job("other")))
    assert asked(both, asking(ROLES + rule)).asked == (User("U0RILEY001"),)


def test_guests_in_a_group_are_not_asked() -> None:
    policy = asking(ROLES + DBA_RULE, is_member=lambda user: user != "U0TOM00001")
    assert asked(request(by=ALEX), policy).asked == (User(DANA.user), User("U0SAM00001"))


@pytest.mark.parametrize("unknown", ["is_member", "members_of"])
def test_where_slack_does_not_say_who_they_are_the_group_is_asked(unknown: str) -> None:
    policy = asking(ROLES + DBA_RULE, **{unknown: silent})
    assert asked(request(by=ALEX), policy).asked == (Group(DBAS),)


def test_everybody_and_channels_are_named_and_not_notified() -> None:
    everybody = asked(request(), Access(policy=OPEN))
    assert (everybody.asked, everybody.everybody) == ((), True)
    there = DBA_RULE.replace("@dba-team", "C0APPROVAL")
    assert asked(request(), asking(ROLES + there)) == ApproverList(channels=(Channel("C0APPROVAL"),))
    nobody = asked(request(by=ALEX), asking(ROLES + DBA_RULE.replace("@dba-team", "U0ALEX0001")))
    assert nobody == NOBODY
