"""The command line behind `/dms`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.cmdline.job_refs import jobs_of_links
from bot.cmdline.parser import MAX_LENGTH, parse
from bot.util.command import COMMAND, DEFAULT, with_command
from bot.util.durations import humanize, parse_duration, parse_time
from commands import all_verbs

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
_DATABASES = Flag("databases", "list", "")
SYNTAXES = {
    "help": Syntax(words=True),
    "list": Syntax(filters=("state", "location", "label"), words=True, flags=(Flag("page", "number", ""),)),
    "show": Syntax(jobs="one"),
    "stop": Syntax(jobs="many", filters=("state", "label"), flags=(Flag("all", "switch", ""),)),
    "edit": Syntax(
        jobs="one",
        flags=(
            Flag("add", "list", ""),
            Flag("remove", "list", ""),
            Flag("parallel", "choice", "", ("min", "optimal", "max")),
        ),
    ),
    "restart": Syntax(jobs="many", flags=(_DATABASES, Flag("failed-only", "switch", ""))),
    "freeze": Syntax(
        jobs="optional",
        flags=(
            Flag("until", "time", ""),
            Flag("for", "duration", ""),
            Flag("reason", "text", ""),
            Flag("all", "switch", ""),
        ),
    ),
    "history": Syntax(jobs="optional", flags=(Flag("by", "word", ""),)),
}
FULL = "projects/acme/locations/europe-west1/migrationJobs/orders-db"


def read(text: str) -> Invocation:
    return parse(text, SYNTAXES)


def refused(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(text)
    return with_command(str(caught.value), DEFAULT)


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "/dms", "dms", "``", "?"])
def test_nothing_asks_for_help(text: str) -> None:
    assert read(text) == Invocation("help")


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("list orders State:failed,stopped", "list orders state=failed,stopped"),
        ("list status:failed", "list state=failed"),
        ("list location:europe-west1 orders", "list location=europe-west1 orders"),
        ("stop --all state:running", "stop --all state=running"),
    ],
)
def test_a_filter_with_a_colon_is_not_taken_for_text(line: str, right: str) -> None:
    """No job would match, which looks as if there were none."""
    with pytest.raises(UsageError) as caught:
        read(line)
    assert caught.value.instead == (read(right),)


@pytest.mark.parametrize(
    "line", ['stop state="not started,failed"', "stop all jobs state='not started,failed' label.env=prod"]
)
def test_filters_in_an_advice_are_typed_as_it_says(line: str) -> None:
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    with pytest.raises(UsageError) as caught:
        parse(line, syntaxes)
    (advised,) = re.findall("`/dms (stop --all [^`]*)`", with_command(str(caught.value), DEFAULT))
    assert (parse(advised, syntaxes),) == caught.value.instead


@pytest.mark.parametrize("word", ["orders:5432", "state:", ":failed", "team:shop"])
def test_other_words_with_a_colon_are_text(word: str) -> None:
    assert read(f"list {word}").words == (word,)


def test_a_letter_that_only_looks_right_is_shown() -> None:
    """The ID in the answer and the one in its example would look the same."""
    assert refused("stop \u043erders-db").startswith("`\u043e⟨U+043E⟩rders-db` is not a job")


@pytest.mark.parametrize("text", ["stop --help", "stop orders-db -h", "STOP —help"])
def test_help_of_a_verb(text: str) -> None:
    assert read(text) == Invocation("help", words=("stop",))


@pytest.mark.parametrize(
    "job",
    [
        "orders-db",
        "europe-west1/orders-db",
        FULL,
    ],
)
def test_ways_to_name_a_job(job: str) -> None:
    assert read(f"show {job}").jobs == (job,)


@pytest.mark.parametrize(
    "job",
    [
        f"//datamigration.googleapis.com/{FULL}",
        "https://console.cloud.google.com/dbmigration/migrations/locations/europe-west1/instances/orders-db?project=acme",
        "<https://console.cloud.google.com/dbmigration/migrations/locations/europe-west1/instances/orders-db"
        "?authuser=1&amp;project=acme>",
    ],
)
def test_pasted_addresses_are_the_full_name(job: str) -> None:
    assert read(f"show {job}").jobs == (FULL,)


@pytest.mark.parametrize("said", ["all", "All", "all jobs", "everything", "all the jobs", "--all"])
@pytest.mark.parametrize("verb", ["watch", "history", "policy", "approvals", "watches", "schedule"])
def test_all_is_no_job_where_all_are_meant_anyhow(verb: str, said: str) -> None:
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    assert parse(f"{verb} {said}", syntaxes) == Invocation(verb)


def test_all_goes_with_what_narrows_it() -> None:
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    watched = parse("watch all state=failed --only failed --dm", syntaxes)
    assert watched == parse("watch state=failed --only failed --dm", syntaxes)
    assert parse("unwatch all --dm", syntaxes) == parse("unwatch --dm", syntaxes)
    assert parse("unwatch --all --dm", syntaxes).is_set("all")
    assert parse("watch europe-west1/all", syntaxes).jobs == ("europe-west1/all",)
    assert parse("show all orders", syntaxes).jobs == ("all orders",), "a display name"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("watch orders-db --all", "watch orders-db"),
        ("watch --all orders-db --dm", "watch orders-db --dm"),
        ("history orders-db --all", "history orders-db"),
        ("unwatch all orders-db", "unwatch orders-db"),
        ("unwatch all jobs orders-db", "unwatch orders-db"),
        ("watch orders-db all", "watch orders-db"),
        ('freeze all orders-db --until 2h --reason "x"', 'freeze orders-db --until 2h --reason "x"'),
    ],
)
def test_beside_all_a_job_is_kept(line: str, kept: str) -> None:
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    with pytest.raises(UsageError) as caught:
        parse(line, syntaxes)
    assert caught.value.instead == (parse(kept, syntaxes),)


@pytest.mark.parametrize("line", ["history --all=false", "watch --all=no", "stop --all=false state=running"])
def test_all_takes_no_value(line: str) -> None:
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    with pytest.raises(UsageError) as caught:
        parse(line, syntaxes)
    assert caught.value.instead == ()


@pytest.mark.parametrize(
    ("line", "told", "instead"),
    [
        ("stop all", "`all` is not a job: `--all` with a filter takes all jobs that match", ()),
        ("stop all jobs state=running", "write `/dms stop --all state=running`", ("--all",)),
        ("restart all failed jobs", "`/dms restart --all ", ()),
        ('freeze all jobs --until 2h --reason "x"', "`all` is not a job: for all jobs, write", ("--all",)),
        ("unfreeze everything", "write for example `/dms unfreeze --all`", ("--all",)),
        ("show all", "`show` takes one job, and `all` is none: write for example `/dms show orders-db`", ()),
        ("acknowledge all", "`/dms acknowledge orders-db`", ()),
        ("edit all jobs", "`edit` takes one job, and `all` is none", ()),
        ("cutover all", "`cutover` takes jobs by name, and `all` is none", ()),
    ],
)
def test_where_all_is_no_job_it_says_what_is_right(line: str, told: str, instead: tuple[str, ...]) -> None:
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    with pytest.raises(UsageError) as caught:
        parse(line, syntaxes)
    assert told in with_command(str(caught.value), DEFAULT)
    found = [each for each in caught.value.instead if each.is_set("all") and not each.jobs]
    assert len(found) == len(instead)


@pytest.mark.parametrize(
    "time",
    [
        "tomorrow 09:00",
        "Sat 2am",
        "tonight 2am",
        "in 3h",
        "2026-12-05 02:00 Europe/Berlin",
        "tomorrow 09:00 +02:00",
        "2026-12-01 09:00:00",
        "2026-12-01 09:00:00 +02:00",
        "2026-10-25 02:30 +02:00",
        "tomorrow 9 am",
        "9 PM",
    ],
)
def test_a_time_of_several_words_needs_no_quotes(time: str) -> None:
    for line in (f'freeze a --until {time} --reason "x"', f'freeze --until {time} a --reason "x"'):
        found = read(line)
        assert (found.word("until"), found.jobs) == (time, ("a",))
    assert read(f'freeze a --until "{time}"').word("until") == time


@pytest.mark.parametrize(
    "line",
    [
        "freeze a --until Sat 02:00 New York --reason x",
        "freeze --until Sat 02:00 New York a --reason x",
        "freeze a --until Sat 02:00 Berlin --reason x",
        "freeze a --until tomorrow 9 o'clock --reason x",
    ],
)
def test_no_word_behind_a_time_is_left_out(line: str) -> None:
    with pytest.raises(UsageError, match="in quotes") as caught:
        read(line)
    assert caught.value.instead == ()
    assert "leave out `b`" in refused("freeze a --until 2h --all b")


def test_what_cannot_belong_to_a_time_is_a_job() -> None:
    assert read("freeze --until 2h europe-west1/orders-db").jobs == ("europe-west1/orders-db",)
    assert read("freeze --until 2h 3").jobs == ("3",)


def test_marks_of_slack_around_a_job_go() -> None:
    assert read("`show` `orders-db`").jobs == ("orders-db",)
    assert read("show <http://orders-db|orders-db>").jobs == ("orders-db",)
    assert read("stop `a`, `b`").jobs == ("a", "b")


@pytest.mark.parametrize(
    "typed",
    [
        "#orders-db",
        "<#C0123456789|orders-db>",
        "`orders-db`.",
        "“orders-db”",
        "orders–db",
        "orders—db?",
        "*orders-db*!",
        "(orders-db),",
        "<http://orders-db|orders-db>…",
    ],
)
def test_a_job_as_it_stands_in_a_sentence(typed: str) -> None:
    assert read(f"show {typed}").jobs == ("orders-db",)
    assert read(f"stop {typed} <#C0123456789|b>, #c").jobs == ("orders-db", "b", "c")


def test_a_person_is_no_job() -> None:
    """Also not one that has their ID in lower case, which the mention arrives as."""
    assert refused("stop <@U0DANA0001|dana>").startswith("`@dana` is not a job")


@pytest.mark.parametrize("typed", ["orders-*", "orders*,", "*orders", "(orders-*)", "orders-", "orders–"])
def test_a_pattern_or_half_a_name_is_no_job_of_another_name(typed: str) -> None:
    """`stop orders-*` acted on `orders` at once."""
    for line in (f"stop {typed}", f"show {typed}", f"stop a {typed}"):
        assert "is not a job" in refused(line)


def test_a_link_into_the_console_is_what_its_address_says() -> None:
    console = (
        "https://console.cloud.google.com/dbmigration/migrations/locations/europe-west1/instances/orders-db"
    )
    assert read(f"show <{console}?project=acme|console.cloud.google.com/dbmig…>.").jobs == (FULL,)
    assert read(f"stop <{console}?authuser=1&amp;project=acme|our job>,#b").jobs == (FULL, "b")
    text = f"see <{console}?project=acme|x>, {console}?project=acme. or <https://example.com|{console}>"
    assert jobs_of_links(f"{text} {console.replace('orders-db', 'b')}?project=acme") == (
        FULL,
        FULL.replace("orders-db", "b"),
    )


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("orders-db", "show orders-db"),
        ("Orders-DB?", "show orders-db"),
        ("/dms #orders-db", "show orders-db"),
        ("europe-west1/orders-db", "show europe-west1/orders-db"),
        (FULL, f"show {FULL}"),
        ("stop-gap", "show stop-gap"),
        ("ls", "list"),
        ("LS failed", "list failed"),
        ("status", "list"),
        ("info", "list"),
        ("status orders-db", "show orders-db"),
        ("info orders-db", "show orders-db"),
        ("show ORDERS-DB", "show orders-db"),
        ("stop A, B", "stop a b"),
        ("list state = failed", "list state=failed"),
        ("list state =failed", "list state=failed"),
        ("list label.env = prod orders", "list label.env=prod orders"),
        ("stop --all state = running", "stop --all state=running"),
    ],
)
def test_ways_to_say_the_same(line: str, means: str) -> None:
    assert read(line) == read(means)


def test_a_label_may_have_an_empty_value() -> None:
    """Source: https://cloud.google.com/resource-manager/docs/labels-overview: values can be empty."""
    assert read("list label.team=").filters == {"label.team": ""}
    assert read('list label.team=""').filters == {"label.team": ""}
    assert read("list label.team= state=failed").filters == {"label.team": "", "state": "failed"}
    assert read("list label.team= pay").filters == {"label.team": "pay"}


def test_a_display_name_has_several_words() -> None:
    syntaxes = SYNTAXES | {"show": Syntax(jobs="one", names=True)}
    assert parse("show Orders database", syntaxes).jobs == ("orders database",)
    assert parse('show "Orders (prod), EU"', syntaxes).jobs == ("Orders (prod), EU",)
    with pytest.raises(UsageError, match="one job at a time"):
        parse("show a,b", syntaxes)


def test_a_channel_without_a_name_is_no_job() -> None:
    assert "without `#`, as in `/dms show orders-db`" in refused("show <#C0123456789|>")


def test_several_jobs() -> None:
    assert read("stop a b,c , d a").jobs == ("a", "b", "c", "d")


@pytest.mark.parametrize("dash", ["--", "—", "–", "-", "−−"])
def test_dashes_that_clients_make(dash: str) -> None:
    assert read(f"restart a {dash}failed-only").flags == {"failed-only": True}


@pytest.mark.parametrize("quotes", ['""', "''", "“”", "‘’", "„“", "«»"])
def test_quotes_that_clients_make(quotes: str) -> None:
    line = f"freeze a --reason {quotes[0]}month end, --really{quotes[1]} --for 2h"
    assert read(line).flags == {"reason": "month end, --really", "for": "2h"}


def test_an_apostrophe_is_no_quote() -> None:
    assert read("list sam's").words == ("sam's",)


@pytest.mark.parametrize(
    "line",
    [
        "edit x --add a,b,c",
        "edit x --add=a,b,c",
        "edit x --add a, b, c",
        "edit x --add a ,b , c",
        "edit --add a,b x --add c",
        "edit x —add a,b, c",
        "EDIT x --ADD `a`,`b`, c",
    ],
)
def test_lists(line: str) -> None:
    found = read(line)
    assert (found.verb, found.jobs, found.flags) == ("edit", ("x",), {"add": ("a", "b", "c")})


def test_a_quoted_comma_belongs_to_the_name() -> None:
    assert read('restart a --databases "a,b",“c d” ').flags == {"databases": ("a,b", "c d")}


def test_filters() -> None:
    found = read("list orders state=running, failed label.team=pay location=<#C1|eu>")
    assert found.words == ("orders",)
    assert found.filters == {"state": "running,failed", "label.team": "pay", "location": "C1"}


@pytest.mark.parametrize("typed", ["label.env=prod", "label=env=prod", "label:env=prod", "LABEL:env=prod"])
def test_a_label_may_be_written_as_people_do(typed: str) -> None:
    assert read(f"list {typed}").filters == {"label.env": "prod"}


def test_all_with_filters_needs_no_job() -> None:
    assert read("stop --all state=running") == Invocation(
        "stop", flags={"all": True}, filters={"state": "running"}
    )


def test_mentions_are_ids_but_names_in_prose() -> None:
    assert read("history --by <@U123|sam>").word("by") == "U123"
    assert read("history --by <!subteam^S9|@dba>").word("by") == "S9"
    assert read("freeze --reason 'asked by <@U123|sam> &amp; co'").word("reason") == "asked by @sam & co"


def test_choices_in_any_case() -> None:
    assert read("edit x --parallel MAX").word("parallel") == "max"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("stpo a", ["Unknown command `stpo`", "`stop`", "/dms stop orders-db"]),
        ("zzzzqqq a", ["Unknown command `zzzzqqq`", "/dms help"]),
        ("stpo", ["Unknown command `stpo`", "`stop`"]),
        ("reboot a", ["Unknown command `reboot`: `/dms help` lists all"]),
        ("remove a", ["Unknown command `remove`: `/dms help` lists all"]),
        ("hist a", ["Unknown command `hist`: did you mean `history`"]),
        ("stop a --skip-validation", ["no flag `--skip-validation`: it takes `--all`"]),
        ("restart a --data b", ["no flag `--data`: did you mean `--databases`"]),
        ("show", ["needs a job", "/dms show orders-db"]),
        ("show Orders_DB", ["lower-case", "Write it as `orders-db`."]),
        ("show orders.db", ["not a job", "/dms show orders-db"]),
        ("show a b", ["one job", "`b`"]),
        ("show a,b", ["one job"]),
        ("stop", ["needs a job"]),
        ("stop state=running", ["--all state=running"]),
        ("edit a --ad x", ["no flag `--ad`", "`--add`"]),
        ("edit a --zzz x", ["no flag", "`--parallel`"]),
        ("show a --force", ["takes no flags"]),
        ("edit a --add", ["`--add` needs", "--add orders,customers"]),
        ("edit a --add --remove b", ["`--add` needs"]),
        ("edit a --add ,", ["`--add` needs"]),
        ("edit a --parallel", ["one of min, optimal, max"]),
        ("edit a --parallel mx", ["not `mx`", "Did you mean `max`?"]),
        ("edit a --parallel max --parallel min", ["given twice", "`max`", "`min`"]),
        ("stop a --all=yes", ["takes no value"]),
        ("list sate=x", ["no filter `sate=`", "`state=`"]),
        ("list state=", ["`state=` needs a value"]),
        ("stop --all state=,", ["`state=` needs a value"]),
        ("list state:failed", ["`state:failed` needs an equals sign", "`/dms list state=running`"]),
        ("list location='|, '", ["`location=` needs a value"]),
        ("list state=a state=b", ["given twice"]),
        ("show a=b", ["takes no filters"]),
        ("list --page two", ["whole number", "`two`"]),
        ("list --page -1", ["whole number"]),
        ("freeze a --for soon", ["a duration", "`soon`", "--for 2h"]),
        ("freeze a --until 2026-13-01", ["a time", "2026-12-01T08:00Z"]),
        ('freeze a --reason "month end', ["closing quote is missing"]),
        ("freeze a --reason month end", ["needs quotes", '`/dms freeze a --reason "month end"`']),
        (
            "freeze a --reason=end of month --until 2h",
            ["needs quotes", '`/dms freeze a --reason "end of month" --until 2h`'],
        ),
        ("freeze --all --reason month end", ['`/dms freeze --all --reason "month end"`']),
        ("freeze --reason month end a", ["needs quotes", '--reason "month end"`']),
        ("show @channel", ["not a job"]),
        ("stop " + "a " * MAX_LENGTH, ["too long"]),
    ],
)
def test_what_is_wrong_and_what_would_be_right(line: str, parts: list[str]) -> None:
    said = refused(line)
    for part in parts:
        assert part in said
    assert "\n" not in said
    assert len(said) < 400


@given(st.text(max_size=300) | st.text("-—=,\"'“” <>@#|&;`abs", max_size=80))
def test_anything_is_read_or_refused_in_one_line(text: str) -> None:
    for line in (text, f"stop {text}", f"edit a --add {text}", f"list {text}"):
        try:
            found = read(line)
        except UsageError as error:
            assert "\n" not in str(error)  # noqa: PT017
            assert len(str(error)) < 600  # noqa: PT017
        else:
            assert found.verb in SYNTAXES
            assert Invocation.from_dict(found.to_dict()) == found


def test_every_example_in_the_help_is_right() -> None:
    verbs = all_verbs()
    syntaxes = {name: verb.grammar for name, verb in verbs.items()}
    for verb in verbs.values():
        for example in verb.examples:
            assert parse(example, syntaxes).verb == verb.name


WRONG = (
    "",
    "a b",
    "A_B",
    "zz=1",
    "a stat=x",
    "state=",
    "label.team=",
    "label=team",
    "label.=pay",
    "a --all=yes",
    "--al",
    "--zzzzz",
    "--page x",
    "a --databases",
    "a --reason",
    "a --until soon",
    "all",
    "all jobs",
    "a --hours 7",
    "--by",
    "--channel",
    "--only",
    "a --parallel",
)


@pytest.mark.parametrize("verb", list(all_verbs()))
def test_every_line_that_is_shown_beside_what_was_wrong_is_right(verb: str) -> None:
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    shown = 0
    for tail in WRONG:
        try:
            parse(f"{verb} {tail}", syntaxes)
        except UsageError as error:
            for line in re.findall(r"`(/dms [^`]*)`", with_command(str(error), DEFAULT)):
                found = parse(line, syntaxes)
                assert found.verb == verb
                selects = syntaxes[verb].jobs != "one" and found.is_set("all")
                assert not (selects and found.jobs), line
                assert not selects or found.filters or not syntaxes[verb].filters or verb == "unwatch", line
                shown += 1
    assert shown >= 4


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("start a --all=yes", "/dms start --all state=not_started location=europe-west1"),
        ("stop --al", "/dms stop --all phase=cdc label.env=staging"),
        ("verify state=", "/dms verify --all state=not_started"),
        ("stop state=", "/dms stop --all state=running"),
        ("freeze a --reason", '/dms freeze orders-db --until 2h --reason "month end"'),
        ("freeze a b", '/dms freeze a --until 2h --reason "month end"'),
        ("history --by", "/dms history --by @dana --since 2d"),
        ("promote a --databases", "/dms promote orders-db --databases sales,billing"),
        ("start a --skip", "/dms start orders-db --skip-validation"),
        ('stop a --at ""', '/dms stop orders-db --at "Sat 02:00"'),
        ('verify a --with --name ""', '/dms verify orders-db --with --name "Orders database"'),
        ("verify a --with --label", "/dms verify orders-db --with --label env=prod"),
        ("history --project", "/dms history --project prod"),
        (
            "script a --ssh --port x",
            "/dms script orders-db --ssh --vm bastion --zone europe-west1-b --port 5432",
        ),
    ],
)
def test_the_examples_of_the_verb_itself_are_shown(line: str, right: str) -> None:
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    with pytest.raises(UsageError, match=re.escape(right.replace(DEFAULT, COMMAND))):
        parse(line, syntaxes)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("3D", timedelta(days=3)),
        ("1h30m", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
        ("1w", timedelta(days=7)),
    ],
)
def test_durations(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span
    assert parse_time(text, NOW) == NOW + span


@pytest.mark.parametrize("text", ["", "0m", "h", "2", "-2h", "2y", "999999w", "soon", "2 hours"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="write for example"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01T08:00Z", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01 08:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01T08:00+02:00", datetime(2026, 12, 1, 6, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_times(text: str, moment: datetime) -> None:
    assert parse_time(text, NOW) == moment


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-30", "2026-12-01T25:00", "20261201", "12:00"])
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="write for example"):
        parse_time(text, NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (-5, "0 s"),
        (float("nan"), "unknown"),
    ],
)
def test_durations_for_people(seconds: float, words: str) -> None:
    assert humanize(seconds) == words


LONG = f"{'upgrade ' * 12}of the source"


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("freeze a —until 2h —reason month end", 'freeze a --until 2h --reason "month end"'),
        ("freeze a --until 2h --REASON month end", 'freeze a --until 2h --reason "month end"'),
        ("freeze a --reason= month end --until 2h", 'freeze a --reason "month end" --until 2h'),
        (f"freeze a --until 2h --reason {LONG}", f'freeze a --until 2h --reason "{LONG}"'),
        (f"freeze e/{'a' * 60} --reason month end", f'freeze e/{"a" * 60} --reason "month end"'),
        (
            'freeze a --until="2026-12-01 08:00" --reason a 5" disk',
            """freeze a --until="2026-12-01 08:00" --reason "a 5' disk\"""",
        ),
    ],
)
def test_the_line_with_quotes_is_one_to_copy(line: str, right: str) -> None:
    assert refused(line) == f"A text of several words needs quotes: write `/dms {right}`."
    assert parse(right, SYNTAXES).flags["reason"]
