"""From the project that people type to the one that they mean."""

from __future__ import annotations

import re

from bot.cmdline.invocation import Flag, UsageError
from bot.config.projects import Project
from bot.util.suggest import nearest
from commands.support.base import Context

PROJECT = Flag("project", "word", "only this project (alias or ID)")


def find_project(ctx: Context, text: str, form: str = "--project {}") -> Project:
    """The project that this alias or ID names; `form` is how it is typed.

    Raises:
        UsageError: the bot serves none of this name; with the most similar one.
    """
    projects = ctx.settings.projects
    found = projects.named(text) or projects.named(text.lower())
    if found is not None:
        return found
    near = nearest(text, [name for each in projects for name in (each.alias, each.id) if name])
    hint = f"did you mean `{form.format(near)}`?" if near else f"it serves {served_projects(ctx)}."
    raise UsageError(
        f"This bot does not serve a project `{text}`: {hint}", corrections=[{text: near}] if near else ()
    )


def chosen_projects(ctx: Context, filter_value: str) -> tuple[Project, ...]:
    """The projects that a filter names, with commas or bars between them.

    Raises:
        UsageError: the bot serves none of one of these names.
    """
    words = [each.strip() for each in re.split(r"[|,]", filter_value) if each.strip()]
    found = [find_project(ctx, each, "project={}") for each in words or [filter_value]]
    return tuple(dict.fromkeys(found))


def served_projects(ctx: Context) -> str:
    """The projects that the bot serves, for a sentence."""
    return ", ".join(f"`{each.shown}`" for each in ctx.settings.projects)
