"""The chart of the replication delay: a picture for every kind of data."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from PIL import Image

from bot.cmdline.delay_chart import delay_chart, tick_step
from bot.cmdline.delay_points import bytes_chart, gaps, largest, seconds_chart, segments
from bot.dms.model import Delay, DelayPoint, Lag
from bot.slack.render.charts import line_chart
from bot.util.durations import bytes_text, seconds_text
from sandbox.slack.rules import check_message_blocks
from tests.notify.world import MINUTE, NOW


def behind(seconds: Sequence[DelayPoint] = (), size: Sequence[DelayPoint] = ()) -> Delay:
    return Delay(Lag(tuple(seconds)), Lag(tuple(size)))


def points(
    count: int, value: Callable[[int], float], every: timedelta = MINUTE, without: range = range(0)
) -> tuple[DelayPoint, ...]:
    return tuple(
        DelayPoint(NOW - every * (count - 1 - at), value(at)) for at in range(count) if at not in without
    )


def picture(delay: Delay, hours: float = 1) -> Image.Image:
    return Image.open(io.BytesIO(delay_chart("orders", delay, hours, NOW, 900.0)))


def ink(image: Image.Image) -> int:
    """How many pixels are blue: the line of the seconds, and what lies under it."""
    pixels = np.asarray(image.convert("RGB"), dtype=int)
    return int((pixels[:, :, 2] > pixels[:, :, 0] + 8).sum())


@pytest.mark.parametrize(
    "delay",
    [
        behind(points(60, float), points(60, lambda at: at * 1e6)),
        behind(points(288, lambda at: at * 400.0, MINUTE * 5), points(288, lambda at: at * 1e12, MINUTE * 5)),
        behind(points(60, lambda _: 0.0), points(60, lambda _: 0.0)),
        behind(points(1, lambda _: 42.0), ()),
        behind((), points(1, lambda _: 0.0)),
        Delay(),
    ],
    ids=["hour", "day", "zero", "one point", "bytes only", "nothing"],
)
def test_every_kind_of_data_is_a_picture_that_slack_shows_sharply(delay: Delay) -> None:
    image = picture(delay)
    assert (image.format, image.size) == ("PNG", (1200, 750))


def test_without_a_folder_to_write_into_the_answer_comes_without_its_chart(tmp_path: Path) -> None:
    code = (
        "import tempfile; tempfile.tempdir = '/dev/null/none'\n"
        "from datetime import UTC, datetime\n"
        "from bot.dms.model import Delay\n"
        "from commands import delay\n"
        "from tests.jobs import a_job\n"
        "now = datetime.now(UTC)\n"
        "chart = delay.drawn('orders', Delay(), 1, now, 0.0)\n"
        "print(repr(delay._answer(a_job(), 1, now, ('It is 5 s behind.',), chart, private=False)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MPLCONFIGDIR": "/dev/null/none"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    logged, answer = done.stdout.splitlines()
    assert "chart_not_drawn" in logged
    assert answer.startswith("Note(text=('It is 5 s behind.', ' The chart is missing: ")


def test_without_matplotlib_the_answer_says_what_would_draw_it() -> None:
    """The image has none: it is larger than all the rest."""
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from datetime import UTC, datetime\n"
        "from bot.dms.model import Delay\n"
        "from commands import delay\n"
        "from tests.jobs import a_job\n"
        "now = datetime.now(UTC)\n"
        "chart = delay.drawn('orders', Delay(), 1, now, 0.0)\n"
        "print(delay.draws_pictures(), delay._answer(a_job(), 1, now, ('5 s.',), chart, private=False))\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("False Note(")
    assert "dms-bot[pictures]" in done.stdout


def test_what_is_older_than_asked_for_is_left_out() -> None:
    long = behind(points(288, lambda _: 800.0, MINUTE * 5), ())
    assert ink(picture(long, hours=0.01)) < ink(picture(long, hours=24))


def test_more_delay_is_more_ink() -> None:
    none, some, much = (
        picture(behind(points(60, value), ()))
        for value in (lambda _: 0.0, lambda at: 800.0 if at > 40 else 0.0, lambda _: 800.0)
    )
    assert ink(none) < ink(some) < ink(much)


def test_nothing_is_drawn_where_nobody_measured() -> None:
    whole = picture(behind(points(60, lambda _: 800.0), ()))
    torn = picture(behind(points(60, lambda _: 800.0, without=range(15, 45)), ()))
    assert ink(torn) < ink(whole) * 0.7


def test_a_gap_parts_the_line_and_a_missing_sample_or_two_do_not() -> None:
    assert [len(part) for part in segments(points(60, float, without=range(20, 30)))] == [20, 30]
    assert [len(part) for part in segments(points(60, float, without=range(20, 21)))] == [59]
    assert [len(part) for part in segments(points(288, float, MINUTE * 5))] == [288]
    assert segments(()) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (42, "42 s"), (90, "1.5 min"), (900, "15 min"), (7200, "2 h"), (180_000, "2.08 days")],
)
def test_seconds_in_words(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (512, "512 B"), (1024, "1 KiB"), (1.5 * 1024**2, "1.5 MiB"), (200 * 1024**3, "200 GiB")],
)
def test_bytes_in_words(size: float, text: str) -> None:
    assert bytes_text(size) == text


def test_axes_have_few_and_round_steps() -> None:
    assert tick_step(900, (60, 300, 600)) == 300
    assert tick_step(1e6, (60.0, 300.0)) % 300 == 0
    assert 1e6 / tick_step(1e6, (60.0, 300.0)) <= 5


def at(minute: float, value: float = 0.0) -> DelayPoint:
    return DelayPoint(NOW + timedelta(minutes=minute), value)


def test_a_chart_has_twenty_points_each_the_largest_of_its_time() -> None:
    points = [at(minute, float(minute == -30)) for minute in range(-60, 0)]
    shown = largest(points, NOW - timedelta(hours=1), NOW)
    assert [each.value for each in shown] == [0.0] * 10 + [1.0] + [0.0] * 9
    assert shown[1].time - shown[0].time == timedelta(minutes=3)


def test_a_time_without_measurements_has_no_point_and_is_named() -> None:
    points = [at(minute, 9.0) for minute in range(-60, 0) if not -40 <= minute < -10]
    begin = NOW - timedelta(hours=1)
    chart = seconds_chart(points, begin, NOW, 900.0)
    assert set(chart.lines["time behind"]) == {9.0}, "never a zero"
    assert chart.labels[6:8] == ("11:18", "11:48"), "of three minutes each"
    assert len(chart.labels) == 7 + 4
    assert gaps(points, begin, NOW) == [(at(-41).time, at(-10).time)]
    assert gaps(points[-5:], begin, NOW) == [(begin, at(-5).time)]


def test_a_chart_is_in_the_readers_zone_unless_that_names_a_time_twice() -> None:
    zone = ZoneInfo("Europe/Berlin")
    points = [at(-2, 1.0), at(-1, 2.0)]
    block = line_chart(seconds_chart(points, NOW - timedelta(hours=1), NOW, 0.0, zone))
    assert block["chart"]["axis_config"]["x_label"] == "Europe/Berlin"
    assert block["chart"]["axis_config"]["categories"] == [
        f"{each.time.astimezone(zone):%H:%M}" for each in points
    ]
    clocks_go_back = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    twice = [DelayPoint(clocks_go_back + timedelta(hours=hour), 1.0) for hour in range(2)]
    chart = bytes_chart(twice, twice[0].time, twice[1].time, zone)
    assert (chart.labels, chart.zone) == (("00:30", "01:30"), "UTC")


def test_a_small_delay_beside_a_large_one_is_no_zero() -> None:
    chart = seconds_chart([at(-2, 1.0), at(-1, 90_000.0)], NOW - timedelta(hours=1), NOW, 0.0)
    assert chart.unit == "hours"
    assert chart.lines["time behind"][0] > 0
    assert bytes_chart([at(-2, 3 * 1024.0**3)], NOW - timedelta(hours=1), NOW).unit == "GiB"


@pytest.mark.parametrize("hours", [1, 24])
def test_slack_takes_the_chart_of_a_long_time(hours: int) -> None:
    begin = NOW - timedelta(hours=hours)
    points = [at(-minute, minute * 7.0) for minute in range(hours * 60, 0, -1)]
    block = line_chart(seconds_chart(points, begin, NOW, 60.0))
    assert check_message_blocks([block]) == []
    assert {each["name"] for each in block["chart"]["series"]} == {"time behind", "alert"}
