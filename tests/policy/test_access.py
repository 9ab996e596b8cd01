"""Who may do what: roles, rules, approvals, and what happens when groups cannot be looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest

from bot.cmdline.answers import Group, User
from bot.dms.model import Job, Options
from bot.dms.rules import Action
from bot.policy.access import Access, Approvers
from bot.policy.channel_readers import all_may_see, all_may_see_all
from bot.policy.model import Policy, Role
from bot.policy.principal import DirectoryUnavailable
from bot.store.records import Person
from bot.util.command import DEFAULT, with_command

from .people import (
    ADMIN,
    ALEX,
    CHANGES,
    DANA,
    DBAS,
    DESTROYS,
    NO_POLICY,
    OPEN,
    QUINN,
    RILEY,
    ROLES,
    VIEWS,
    access,
    job,
    person,
    request,
    silent,
)


@pytest.mark.parametrize("verb", sorted(CHANGES | VIEWS | {"freeze", "unfreeze", "help"}))
def test_an_open_policy_lets_everybody_do_everything_alone(verb: str) -> None:
    verdict = Access(policy=OPEN).verdict(QUINN, verb, job())
    assert verdict.allowed
    assert (verdict.approvals, verdict.self_approval) == (0, True)


@pytest.mark.parametrize("verb", sorted(VIEWS | {"help"}))
def test_without_a_policy_everybody_may_look(verb: str) -> None:
    assert Access(policy=NO_POLICY).verdict(QUINN, verb, job()).allowed
    assert Access(policy=NO_POLICY, is_member=silent).verdict(QUINN, verb).allowed


REFUSED = (
    "there is no policy yet, so nobody may change anything; whoever runs the bot writes one with "
    "`dms-bot policy init` and names its file in `DMS_BOT_POLICY`, or sets `DMS_BOT_POLICY=open` to let "
    "every member do everything."
)


@pytest.mark.parametrize("verb", sorted(CHANGES | {"freeze", "unfreeze"}))
@pytest.mark.parametrize("on", [job(), None])
def test_without_a_policy_nobody_may_change_anything(verb: str, on: Job | None) -> None:
    verdict = Access(policy=NO_POLICY).verdict(ADMIN, verb, on)
    assert not verdict.allowed
    where = " on `orders`" if on else ""
    assert verdict.explanation == f"You may not use `{verb}`{where}: {REFUSED}"
    assert not Access(policy=NO_POLICY).permissions(ADMIN).may(verb, job())
    assert not Access(policy=NO_POLICY).permissions(ADMIN).may_by_name(verb, job())


@pytest.mark.parametrize("who", [DANA, ALEX])
def test_without_a_policy_nobody_decides_what_was_asked_before(who: Person) -> None:
    verdict = Access(policy=NO_POLICY).may_approve(who, request(Action.PROMOTE, DANA))
    assert not verdict.allowed
    assert verdict.explanation == f"You may not approve or deny `promote` on `orders`: {REFUSED}"


def test_without_a_policy_nobody_sets_what_channels_are_told() -> None:
    verdict = Access(policy=NO_POLICY).channels_verdict(ADMIN)
    assert not verdict.allowed
    assert with_command(verdict.why, DEFAULT).startswith(
        f"You may not change the notifications of a channel: {REFUSED} Still, `/dms"
    )
    assert "--dm` notifies you alone" in verdict.why


@pytest.mark.parametrize(
    ("verb", "may"), [("list", True), ("show", True), ("stop", False), ("delete", False)]
)
def test_in_an_open_one_guests_only_look(verb: str, may: bool) -> None:
    verdict = Access(policy=OPEN, is_member=lambda user: user != QUINN.user).verdict(QUINN, verb, job())
    assert verdict.allowed is may
    if not may:
        assert (
            "role is viewer. Guests, people of other workspaces and deactivated people may only look here."
            in verdict.why
        )


def test_in_an_open_one_who_may_be_a_guest_only_looks() -> None:
    unsure = Access(policy=OPEN, is_member=silent)
    verdict = unsure.verdict(DANA, "delete", job())
    assert not verdict.allowed
    assert "at the moment. Until that is known, you count as a guest: try again later." in verdict.why
    assert unsure.verdict(DANA, "show", job()).allowed


def test_what_lasts_until_the_app_is_changed_is_not_tried_again() -> None:
    def lacks_a_scope(_user: str) -> NoReturn:
        raise DirectoryUnavailable("Slack does not say it: the app lacks a scope.", lasts=True)

    why = access(groups_of=lacks_a_scope).verdict(DANA, "stop", job()).why
    assert "the app lacks a scope. Until that is known, user groups grant nothing." in why
    assert "try again" not in why


@pytest.mark.parametrize(
    ("who", "may"), [(QUINN, False), (person(QUINN.user, "C0DMS00001"), True), (DANA, True), (ADMIN, True)]
)
def test_what_channels_are_told_is_for_operators_to_set(who: Person, may: bool) -> None:
    verdict = access().channels_verdict(who)
    assert verdict.allowed is may
    if not may:
        said = with_command(verdict.why, DEFAULT)
        assert "requires the role operator or above, and your role is viewer: `/dms watch … --dm`" in said
        assert verdict.permitted_instead.groups


def test_no_rule_about_watching_lets_viewers_set_what_channels_are_told() -> None:
    rule = '[[rule]]\nverbs = ["view", "verify"]\nallow = ["viewer"]\n'
    assert not access(ROLES + rule).channels_verdict(QUINN).allowed


def test_in_an_open_one_guests_do_not_set_what_channels_are_told() -> None:
    free = Access(policy=OPEN, is_member=lambda user: user != QUINN.user)
    assert free.channels_verdict(DANA).allowed
    assert "may only look here" in free.channels_verdict(QUINN).why
    unsure = Access(policy=OPEN, is_member=silent)
    assert "you count as a guest: try again later" in unsure.channels_verdict(DANA).why


def nobody_full(_user: str) -> bool:
    return False


GENEROUS = """
default_role = "operator"
[roles]
viewer = ["U0RILEY001"]
operator = ["@dba-team", "C0GENERAL1", "U0QUINN001"]
approver = ["@leads", "U0ADMIN001"]
[[rule]]
verbs = ["start"]
allow = ["U0DANA0001", "C0GENERAL1", "viewer"]
[[rule]]
verbs = ["history"]
allow = ["U0DANA0001", "@leads", "operator"]
"""


@pytest.mark.parametrize("unknown", [nobody_full, silent])
@pytest.mark.parametrize(
    ("who", "verb", "may"),
    [
        # By a group, a channel, the default role: nothing. By name: to look, whatever the role says.
        (DANA, "list", False),
        (ALEX, "list", False),
        (RILEY, "list", True),
        (QUINN, "list", True),
        (QUINN, "stop", False),
        (RILEY, "start", False),
        (DANA, "start", False),
        (DANA, "history", True),
        (ALEX, "history", False),
        (ADMIN, "stop", False),
        (ADMIN, "freeze", False),
        (DANA, "help", True),
    ],
)
def test_who_is_no_full_member_looks_at_most_and_by_name(
    unknown: Callable[[str], bool], who: Person, verb: str, may: bool
) -> None:
    rules = access(GENEROUS, is_member=unknown)
    assert rules.verdict(who, verb, job()).allowed is may
    assert rules.permissions(who).may(verb, job()) is may
    assert rules.role(who) <= Role.VIEWER
    assert not rules.may_approve(who, request(by=person("U0SAM00001"))).allowed
    assert access(GENEROUS).role(who) > Role.VIEWER or who is RILEY


def test_a_channel_stands_for_its_members() -> None:
    text = '[roles]\noperator = ["U0DANA0001"]\napprover = ["C0DMSAPPRV"]\n'

    def inside(channel: str, user: str) -> bool:
        assert channel == "C0DMSAPPRV"
        return user == RILEY.user

    rules = access(text, in_channel=inside)
    asked = request(by=DANA)
    assert rules.may_approve(person(RILEY.user, "C0DMSAPPRV"), asked).allowed
    assert not rules.may_approve(RILEY, asked).allowed
    passing_by = rules.may_approve(person(QUINN.user, "C0DMSAPPRV"), asked)
    assert not passing_by.allowed
    assert "names this channel for its members: join it first" in passing_by.why

    def unsure(_channel: str, _user: str) -> bool:
        raise DirectoryUnavailable("Slack does not say who is in this channel at the moment.")

    waiting = access(text, in_channel=unsure).may_approve(person(RILEY.user, "C0DMSAPPRV"), asked)
    assert not waiting.allowed
    assert "Until that is known, the channel grants nothing" in waiting.why


@pytest.mark.parametrize(
    ("who", "role"),
    [
        (QUINN, Role.VIEWER),
        (DANA, Role.OPERATOR),
        (person("U0QUINN001", "C0DMS00001"), Role.OPERATOR),
        (ALEX, Role.APPROVER),
        (RILEY, Role.APPROVER),
        (ADMIN, Role.ADMIN),
    ],
)
def test_roles_come_by_user_group_or_channel(who: Person, role: Role) -> None:
    assert access().role(who) is role


def test_a_group_may_be_named_by_its_id() -> None:
    rules = access(f'[roles]\noperator = ["{DBAS}"]\napprover = ["U0RILEY001"]')
    assert rules.role(DANA) is Role.OPERATOR


@pytest.mark.parametrize("verb", sorted(CHANGES | {"freeze", "unfreeze"}))
@pytest.mark.parametrize(("who", "may"), [(QUINN, False), (DANA, True), (ALEX, True), (ADMIN, True)])
def test_changes_take_an_operator(verb: str, who: Person, may: bool) -> None:
    assert access().verdict(who, verb, job()).allowed is may


@pytest.mark.parametrize(("who", "may"), [(QUINN, False), (DANA, True), (ALEX, True)])
def test_a_script_takes_an_operator_and_no_approval(who: Person, may: bool) -> None:
    verdict = access().verdict(who, "script", job())
    assert (verdict.allowed, verdict.approvals) == (may, 0)
    assert not Access(policy=NO_POLICY).verdict(who, "script", job()).allowed
    ruled = access(ROLES + '[[rule]]\nverbs = ["script"]\nallow = ["admin"]\n')
    assert not ruled.verdict(DANA, "script", job()).allowed


@pytest.mark.parametrize("verb", sorted(VIEWS))
def test_looking_takes_a_viewer(verb: str) -> None:
    assert access().verdict(QUINN, verb).allowed
    nobody = access('default_role = "none"\n' + ROLES.replace('default_role = "viewer"', ""))
    assert not nobody.verdict(QUINN, verb).allowed
    assert nobody.verdict(DANA, verb).allowed
    assert nobody.verdict(QUINN, "help").allowed


@pytest.mark.parametrize("verb", sorted(CHANGES))
def test_with_a_policy_what_destroys_needs_somebody_else(verb: str) -> None:
    verdict = access().verdict(DANA, verb, job())
    assert verdict.approvals == (1 if verb in DESTROYS else 0)
    assert not verdict.self_approval


RULES = (
    ROLES
    + """
[[rule]]
name = "nobody deletes"
verbs = ["delete"]
labels = ["env=prod"]
allow = []

[[rule]]
name = "leads promote"
verbs = ["promote"]
jobs = ["europe-west1/prod-*"]
allow = ["@leads", "U0ADMIN001"]
approvals = 2
approvers = ["operator"]
expires = "2h"
channel = "C0DMSAPPRV"

[[rule]]
name = "trying is free"
verbs = ["change"]
jobs = ["try-*"]
allow = ["viewer"]
approvals = 1
self_approval = true
"""
)
PROD = job("prod-1", env="prod")
TRY = job("try-1")


@pytest.mark.parametrize(
    ("who", "verb", "on", "allowed", "rule", "approvals"),
    [
        (ADMIN, "delete", PROD, False, "nobody deletes", 0),
        (ADMIN, "delete", job("prod-1", env="test"), True, "", 1),
        (ADMIN, "delete", job("prod-1"), True, "", 1),
        (ALEX, "promote", PROD, True, "leads promote", 2),
        (ADMIN, "promote", PROD, True, "leads promote", 2),
        (DANA, "promote", PROD, False, "leads promote", 0),
        (RILEY, "promote", PROD, False, "leads promote", 0),
        (DANA, "promote", job("prod-1", "us-central1"), True, "", 1),
        (DANA, "promote", job("my-prod-1"), True, "", 1),
        (QUINN, "restart", TRY, True, "trying is free", 1),
        (QUINN, "show", TRY, True, "", 0),
        (QUINN, "freeze", TRY, False, "", 0),
        (QUINN, "delete", job("try-1", env="prod"), False, "nobody deletes", 0),
    ],
)
def test_the_first_rule_that_matches_decides(
    who: Person, verb: str, on: object, allowed: bool, rule: str, approvals: int
) -> None:
    verdict = access(RULES).verdict(who, verb, on)  # type: ignore[arg-type]
    assert (verdict.allowed, verdict.rule, verdict.approvals) == (allowed, rule, approvals)


def test_a_verdict_carries_what_the_rule_says() -> None:
    verdict = access(RULES).verdict(ALEX, "promote", PROD)
    assert verdict.expires == timedelta(hours=2)
    assert verdict.channel == "C0DMSAPPRV"
    assert verdict.approvers.groups == (DBAS, "S0LEADS001")
    assert verdict.approvers.users == ("U0RILEY001", "U0ADMIN001")
    assert access(RULES).verdict(QUINN, "stop", TRY).self_approval


def test_a_refusal_says_who_could_instead() -> None:
    verdict = access(RULES).verdict(DANA, "promote", PROD)
    assert "rule “leads promote”" in verdict.why
    assert "your role is operator" in verdict.why
    assert verdict.permitted_instead == Approvers(("U0ADMIN001",), ("S0LEADS001",))
    assert Group("S0LEADS001") in verdict.explanation
    assert User("U0ADMIN001") in verdict.explanation


def test_nobody_is_told_to_ask_nobody() -> None:
    verdict = access(RULES).verdict(ADMIN, "delete", PROD)
    assert "nobody may do that" in verdict.why
    assert verdict.explanation == verdict.why


def test_for_all_jobs_every_rule_must_allow_it() -> None:
    guarded = ROLES + '[[rule]]\nname = "p"\nverbs = ["unfreeze"]\nlabels = ["env=prod"]\nallow = ["admin"]\n'
    assert access(guarded).verdict(DANA, "unfreeze", job()).allowed
    assert not access(guarded).verdict(DANA, "unfreeze").allowed
    assert access(guarded).verdict(ADMIN, "unfreeze").allowed


def test_for_all_jobs_rules_behind_one_for_every_job_do_not_count() -> None:
    text = ROLES + (
        '[[rule]]\nverbs = ["freeze"]\njobs = "*"\nallow = ["viewer"]\n'
        '[[rule]]\nverbs = ["freeze"]\nlabels = ["env=prod"]\nallow = ["admin"]\n'
    )
    assert access(text).verdict(QUINN, "freeze").allowed


def test_a_rule_for_some_jobs_does_not_hide_the_list() -> None:
    text = ROLES + '[[rule]]\nverbs = ["view"]\njobs = ["secret-*"]\nallow = ["admin"]\n'
    assert access(text).verdict(QUINN, "list").allowed
    assert not access(text).verdict(QUINN, "show", job("secret-1")).allowed


@pytest.mark.parametrize(
    ("who", "by", "allowed"),
    [(ALEX, DANA, True), (RILEY, DANA, True), (ADMIN, DANA, True), (QUINN, DANA, False), (ALEX, ALEX, False)],
)
def test_approving_takes_an_approver_who_is_not_the_requester(who: Person, by: Person, allowed: bool) -> None:
    assert access().may_approve(who, request(Action.PROMOTE, by)).allowed is allowed


def test_who_asked_is_told_who_can_approve() -> None:
    verdict = access().may_approve(ALEX, request(Action.PROMOTE, ALEX))
    assert "nobody approves their own request" in verdict.why
    assert verdict.permitted_instead == Approvers(("U0RILEY001", "U0ADMIN001"), ("S0LEADS001",))


@pytest.mark.parametrize(("asked_with", "allowed"), [(True, True), (False, False)])
def test_self_approval_must_hold_then_and_now(asked_with: bool, allowed: bool) -> None:
    text = ROLES + '[[rule]]\nverbs = ["promote"]\napprovals = 1\nself_approval = true\n'
    asked = request(Action.PROMOTE, ALEX, self_approval=asked_with)
    assert access(text).may_approve(ALEX, asked).allowed is allowed
    assert not access().may_approve(ALEX, asked).allowed


def test_self_approval_is_only_for_approvers() -> None:
    text = ROLES + '[[rule]]\nverbs = ["promote"]\napprovals = 1\nself_approval = true\n'
    assert not access(text).may_approve(DANA, request(by=DANA, self_approval=True)).allowed


def test_approving_is_judged_by_the_rule_of_the_policy_as_it_is_now() -> None:
    asked = request(Action.PROMOTE, ALEX, PROD, rule="some older rule")
    assert access(RULES).may_approve(DANA, asked).allowed
    assert not access().may_approve(DANA, asked).allowed


def test_several_jobs_take_somebody_who_may_approve_each() -> None:
    asked = request(Action.PROMOTE, ADMIN, PROD, job("other"))
    assert not access(RULES).may_approve(DANA, asked).allowed
    assert access(RULES).may_approve(RILEY, asked).allowed


def test_what_cannot_be_looked_up_grants_nothing_and_says_so() -> None:
    verdict = access(groups_of=silent).verdict(DANA, "stop", job())
    assert not verdict.allowed
    assert "Slack does not say which user groups there are" in verdict.why
    assert "try again" in verdict.why
    assert not access(groups_of=silent).may_approve(ALEX, request()).allowed


def test_who_needs_no_group_is_not_held_up_by_them() -> None:
    assert access(groups_of=silent).verdict(ADMIN, "stop", job()).allowed
    assert access(groups_of=silent).verdict(QUINN, "list").allowed
    assert access(groups_of=silent).may_approve(RILEY, request()).allowed


def test_mentions_leave_out_groups_that_cannot_be_found() -> None:
    verdict = access(group_id=silent).verdict(DANA, "promote", job())
    assert verdict.approvers == Approvers(("U0RILEY001", "U0ADMIN001"), ())


WINDOW = """
[[freeze]]
from = 2026-03-01T00:00:00Z
until = {until}
reason = "closing"
labels = ["env=prod"]
"""


@pytest.mark.parametrize(
    ("until", "env", "verb", "allowed"),
    [
        ("2026-03-02T00:00:00Z", "prod", "stop", False),
        ("2026-03-02T00:00:00Z", "test", "stop", True),
        ("2026-03-02T00:00:00Z", "prod", "show", True),
        ("2026-03-02T00:00:00Z", "prod", "verify", True),
        ("2026-03-01T12:00:00Z", "prod", "stop", True),
    ],
)
def test_a_planned_freeze_stops_changes_of_its_jobs(until: str, env: str, verb: str, allowed: bool) -> None:
    frozen = access(ROLES + WINDOW.format(until=until))
    verdict = frozen.verdict(DANA, verb, job(env=env))
    assert verdict.allowed is allowed
    assert ("closing" in verdict.why) is not allowed


def test_explaining_covers_each_verb_on_the_job() -> None:
    verdicts = dict(access(RULES).explain(DANA, PROD))
    assert set(verdicts) == CHANGES | {"show", "script", "freeze", "unfreeze"}
    assert not verdicts["promote"].allowed
    assert verdicts["stop"].allowed
    assert all(verdict.why.endswith(".") for verdict in verdicts.values())


def test_an_open_policy_names_nobody_to_ask() -> None:
    assert Access(policy=OPEN).verdict(QUINN, "delete", job()).approvers == Approvers()


WITH_DESTINATION = "delete-with-destination"
DELETIONS = """
[[rule]]
name = "production"
verbs = ["delete"]
labels = ["env=prod"]
approvals = 2
approvers = ["approver"]
expires = "2h"
[[rule]]
name = "destinations"
verbs = ["delete-with-destination"]
approvers = ["admin", "U0ALEX0001"]
expires = "1h"
[[rule]]
name = "sandboxes"
verbs = ["change"]
jobs = ["sandbox-*"]
approvals = 0
self_approval = true
"""


@pytest.mark.parametrize(
    ("verb", "on", "approvals", "rule"),
    [
        ("delete", PROD, 2, "production"),
        (WITH_DESTINATION, PROD, 2, "production"),
        ("delete", job(), 1, ""),
        (WITH_DESTINATION, job(), 1, "destinations"),
        ("delete", job("sandbox-1"), 0, "sandboxes"),
        (WITH_DESTINATION, job("sandbox-1"), 1, "destinations"),
    ],
)
def test_of_two_rules_about_a_deletion_the_stricter_holds(
    verb: str, on: Job, approvals: int, rule: str
) -> None:
    verdict = access(ROLES + DELETIONS).verdict(DANA, verb, on)
    assert verdict.allowed
    assert verdict.approvals == approvals
    assert verdict.rule == rule or not verdict.rule
    assert verdict.self_approval is (approvals == 0)


def test_of_two_rules_the_shorter_time_counts() -> None:
    assert access(ROLES + DELETIONS).verdict(DANA, WITH_DESTINATION, PROD).expires == timedelta(hours=1)


@pytest.mark.parametrize(
    ("who", "with_destination", "may"),
    [
        (ALEX, False, True),
        (ALEX, True, True),
        (RILEY, False, True),
        (RILEY, True, False),
        (ADMIN, True, True),
    ],
)
def test_an_approval_of_a_deletion_counts_by_both_rules(
    who: Person, with_destination: bool, may: bool
) -> None:
    asked = request(Action.DELETE, DANA, PROD, options=Options(with_destination=with_destination))
    assert access(ROLES + DELETIONS).may_approve(who, asked).allowed is may


@pytest.mark.parametrize(
    "rules", ["", '[[rule]]\nverbs = ["delete"]\napprovals = 3\n', "[[rule]]\nverbs = 'destroy'"]
)
@pytest.mark.parametrize("on", [PROD, job()])
def test_a_policy_that_names_only_delete_keeps_its_meaning(rules: str, on: Job) -> None:
    judged = access(ROLES + rules)
    both = [judged.verdict(DANA, verb, on) for verb in ("delete", WITH_DESTINATION)]
    assert replace(both[0], why="") == replace(both[1], why="")


@pytest.mark.parametrize(("who", "may"), [(DANA, False), (ADMIN, True)])
def test_deleting_the_destination_can_be_kept_to_some(who: Person, may: bool) -> None:
    judged = access(ROLES + f'[[rule]]\nverbs = "{WITH_DESTINATION}"\nallow = ["admin"]\n')
    assert judged.verdict(who, WITH_DESTINATION, job()).allowed is may
    assert judged.verdict(who, "delete", job()).allowed
    assert [verb for verb, _ in judged.explain(who, job()) if verb == WITH_DESTINATION]


def test_a_planned_freeze_stops_deletions_with_the_destination() -> None:
    frozen = access(ROLES + WINDOW.format(until="2026-03-02T00:00:00Z"))
    assert not frozen.verdict(DANA, WITH_DESTINATION, job(env="prod")).allowed


SECRET = """
[[rule]]
verbs = ["view"]
labels = ["secret=yes"]
allow = ["U0DANA0001", "G0DBLEADS1"]
"""


@pytest.mark.parametrize(
    ("text", "channel", "on", "open_to_all"),
    [
        (ROLES, "C0GENERAL1", job(), True),
        (ROLES + SECRET, "C0GENERAL1", job(), True),
        (ROLES + SECRET, "C0GENERAL1", job(secret="yes"), False),
        (ROLES + SECRET, "G0DBLEADS1", job(secret="yes"), True),
        (ROLES + SECRET, "D0DANA0001", job(secret="yes"), True),
        (ROLES.replace('"viewer"', '"none"'), "C0GENERAL1", job(), False),
        (ROLES.replace('"viewer"', '"none"'), "C0DMS00001", job(), True),
    ],
)
def test_a_channel_reads_what_all_its_readers_may_see(
    text: str, channel: str, on: Job, open_to_all: bool
) -> None:
    assert access(text).is_open_to(channel, on) is open_to_all
    assert access(text).is_open_to(channel, on, on) is open_to_all
    assert Access(policy=OPEN).is_open_to(channel, on)
    assert Access(policy=NO_POLICY).is_open_to(channel, on)


def _silent(_channel: str) -> bool:
    raise DirectoryUnavailable("Slack does not say who is in this channel.")


@pytest.mark.parametrize(
    ("text", "channel", "on", "all_may"),
    [
        (ROLES, "C0GENERAL1", job(), True),
        (ROLES + SECRET, "C0GENERAL1", job(secret="yes"), False),
        (ROLES + SECRET, "G0DBLEADS1", job(secret="yes"), True),
    ],
)
def test_where_guests_read_a_policy_file_gives_them_nothing(
    text: str, channel: str, on: Job, all_may: bool
) -> None:
    """docs/policy.md: guests have nothing but what the file gives them by name."""
    judged = access(text)
    assert all_may_see(judged, channel, "show", on) is all_may
    assert not all_may_see(replace(judged, has_guests=lambda _: True), channel, "show", on)
    assert not all_may_see(replace(judged, has_guests=_silent), channel, "show", on)
    assert not all_may_see_all(replace(judged, has_guests=lambda _: True), channel, "list")
    assert all_may_see(replace(judged, has_guests=_silent), "D0DANA0001", "show", on)


@pytest.mark.parametrize("policy", [OPEN, NO_POLICY], ids=["open", "none"])
def test_without_a_file_guests_may_look_so_nobody_asks_who_they_are(policy: Policy) -> None:
    judged = Access(policy=policy, has_guests=_silent)
    assert all_may_see(judged, "C0GENERAL1", "show", job())
    assert all_may_see_all(judged, "C0GENERAL1", "list")


def test_nobody_is_notified_of_what_a_rule_keeps_from_them() -> None:
    rules = access(ROLES + SECRET)
    assert rules.may_be_notified(QUINN, job())
    assert not rules.may_be_notified(QUINN, job(secret="yes"))
    assert not rules.may_be_notified(QUINN, job(), by_name=True)
    assert rules.may_be_notified(DANA, job(secret="yes"))
    with pytest.raises(DirectoryUnavailable):
        access(ROLES + SECRET, is_member=silent).may_be_notified(QUINN, job())
