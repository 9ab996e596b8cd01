"""`/dms script`: the shell script of the service that makes a job's source reachable, for the asker alone."""

from __future__ import annotations

import re

from bot.cmdline.answers import Answer, CodeBlock, Note, Upload
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.cmdline.lexer import short
from bot.dms.model import Job, Vm
from bot.policy.permissions import Permission
from bot.util.command import COMMAND
from bot.util.redact import redact
from commands.support.base import Context, Verb
from commands.support.resolve import find_job, require_permission

_SSH = f"{COMMAND} script orders-db --ssh --vm bastion --zone europe-west1-b"
_PROXY = (
    f"{COMMAND} script orders-db --tcp-proxy --vm proxy --machine-type e2-micro "
    "--subnet projects/acme/regions/europe-west1/subnetworks/db"
)
_SUBNET = re.compile(r"projects/[^/\s]+/regions/[^/\s]+/subnetworks/[^/\s]+")
"""REST `GenerateTcpProxyScriptRequest.vmSubnet`: "must be supplied in the form of …"."""
_MAX_PORT = 65_535
_MAX_IN_MESSAGE = 2_500
"""Characters. A code block must stay in one section, which holds 3,000."""


def _run(ctx: Context, invocation: Invocation) -> Answer:
    vm = _vm(invocation)
    job = find_job(ctx, invocation.jobs[0], invocation)
    require_permission(ctx, "show", job)  # a script shows more of a job than its card
    if invocation.is_set("ssh"):
        return _answer(job, "ssh", ctx.dms.ssh_script(job, vm))
    return _answer(job, "tcp-proxy", ctx.dms.tcp_proxy_script(job, vm))


def _vm(invocation: Invocation) -> Vm:
    """The VM that the flags name.

    Raises:
        UsageError: a flag is missing that the service requires, or does not go with the others.
    """
    ssh, proxy = invocation.is_set("ssh"), invocation.is_set("tcp-proxy")
    if ssh == proxy:
        raise UsageError(f"Say which script: `{_SSH}`, or `{_PROXY}`.")
    vm = Vm(
        name=invocation.word("vm"),
        zone=invocation.word("zone"),
        machine_type=invocation.word("machine-type"),
        subnet=invocation.word("subnet"),
        port=int(invocation.word("port", "0")),
    )
    if "port" in invocation.flags and not 0 < vm.port <= _MAX_PORT:
        raise UsageError(f"A port is a number from 1 to {_MAX_PORT}, as in `{_SSH} --port 5432`.")
    if ssh:
        _check_bastion(vm)
    else:
        _check_proxy(vm)
    return vm


def _check_bastion(vm: Vm) -> None:
    """Source: REST `GenerateSshScriptRequest`, `VmCreationConfig`, `VmSelectionConfig`."""
    if not vm.name or not (vm.zone or vm.machine_type):
        raise UsageError(
            f"`--ssh` needs the VM of the tunnel and its zone, as in `{_SSH}`; for a new VM, "
            "`--machine-type` instead."
        )
    if vm.subnet and not vm.machine_type:
        raise UsageError("`--subnet` is for a new VM: add `--machine-type`, for example `e2-micro`.")


def _check_proxy(vm: Vm) -> None:
    """Source: REST `GenerateTcpProxyScriptRequest`."""
    if not vm.name or not vm.machine_type or not vm.subnet:
        raise UsageError(f"`--tcp-proxy` needs a VM, its machine type and its subnet: `{_PROXY}`.")
    if not _SUBNET.fullmatch(vm.subnet):
        raise UsageError(
            "A subnet is named as `projects/PROJECT/regions/REGION/subnetworks/NAME`, not "
            f"`{short(vm.subnet)}`."
        )
    if vm.port:
        raise UsageError("`--port` goes with `--ssh`: the service chooses that of a proxy.")


_TITLES = {"ssh": "a reverse SSH tunnel", "tcp-proxy": "a TCP proxy"}


def _answer(job: Job, kind: str, script: str) -> Answer:
    intro = (
        f"This script from DMS sets up {_TITLES[kind]} for `{job.id}`. Read it before you run it. "
        "Only you see this."
    )
    if not script.strip():
        return Note(f"DMS returned no script for `{job.id}`.", tone="warn")
    if len(script) > _MAX_IN_MESSAGE or "```" in script or redact(script) != script:
        name = f"{job.id}-{kind}.sh"
        return Upload(name, script.encode(), name, intro, private=True)
    return Note((intro, CodeBlock(script)))


VERB = Verb(
    name="script",
    permission=Permission.OPERATE,
    summary="script to reach a job's source",
    usage=(
        "script JOB --ssh --vm NAME --zone ZONE [--port N]",
        "script JOB --ssh --vm NAME --machine-type TYPE [--zone ZONE] [--subnet NAME] [--port N]",
        "script JOB --tcp-proxy --vm NAME --machine-type TYPE --subnet projects/… [--zone ZONE]",
    ),
    syntax=Syntax(
        "one",
        (
            Flag("ssh", "switch", "a reverse SSH tunnel through a VM"),
            Flag("tcp-proxy", "switch", "a VM that runs a TCP proxy"),
            Flag("vm", "word", "its name"),
            Flag("zone", "word", "its zone, as in `europe-west1-b`"),
            Flag("machine-type", "word", "for a new VM"),
            Flag("subnet", "word", "for a new VM"),
            Flag("port", "number", "port of the tunnel on the VM"),
        ),
    ),
    details=(
        "A script from DMS that sets up the network path to the source. It changes nothing by "
        "itself, and only you see it."
    ),
    more=(
        "It names your source and your network. A long one comes as a file in your direct messages. "
        "With `--ssh`, the script creates the VM if you give `--machine-type`; otherwise the VM has "
        "to exist."
    ),
    begins="list",
    examples=(
        "script orders-db --ssh --vm bastion --zone europe-west1-b",
        "script orders-db --ssh --vm bastion --zone europe-west1-b --port 5432",
        "script orders-db --ssh --vm bastion --machine-type e2-micro",
        _PROXY.removeprefix(f"{COMMAND} "),
    ),
    run=_run,
)
