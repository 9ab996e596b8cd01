"""The scripts that help a source reach its destination: reverse SSH tunnel and TCP proxy.

The reference of `generateSshScript` and `generateTcpProxyScript` says which fields are required. Both only
write text: they change neither the job nor anything else.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.dms.errors import invalid
from sandbox.dms.model import Job
from sandbox.dms.views import profile_json
from sandbox.dms.world import World

_SUBNET = re.compile(r"projects/[^/]+/regions/([^/]+)/subnetworks/[^/]+")
_SOURCES = ("postgresql", "mysql", "oracle", "sqlserver")


def ssh_script(world: World, job: Job, body: dict[str, Any]) -> str:
    """`body` as in REST. Raises INVALID_ARGUMENT for a missing field."""
    vm = _required(body, "vm")
    creation, selection = body.get("vmCreationConfig"), body.get("vmSelectionConfig")
    if (creation is None) == (selection is None):
        raise invalid("One of vm_creation_config and vm_selection_config is required", "vm_config")
    host, port = _source(world, job)
    zone = (creation or selection or {}).get("vmZone") or f"{job.location}-b"
    lines = [
        "#!/bin/bash",
        f"# Reverse SSH tunnel for the migration job {job.name}",
        f'VM="{vm}"',
        f'ZONE="{zone}"',
        f'SOURCE_HOST="{host}"',
        f'SOURCE_PORT="{port}"',
        f'VM_PORT="{body.get("vmPort") or port}"',
    ]
    if creation is not None:
        machine = _required(creation, "vmMachineType", "vm_creation_config.vm_machine_type")
        subnet = f' --subnet="{creation["subnet"]}"' if creation.get("subnet") else ""
        lines.append(
            f'gcloud compute instances create "$VM" --zone="$ZONE" --machine-type="{machine}"{subnet}'
        )
    else:
        _required(selection or {}, "vmZone", "vm_selection_config.vm_zone")
    lines += [
        'gcloud compute ssh "$VM" --zone="$ZONE" -- -N -f \\',
        '  -R "0.0.0.0:$VM_PORT:$SOURCE_HOST:$SOURCE_PORT" -o ServerAliveInterval=60',
    ]
    return "\n".join(lines) + "\n"


def tcp_proxy_script(world: World, job: Job, body: dict[str, Any]) -> str:
    """`body` as in REST. Raises INVALID_ARGUMENT for a missing field or a subnet of another form."""
    name, machine = _required(body, "vmName"), _required(body, "vmMachineType")
    subnet = _required(body, "vmSubnet")
    region = _SUBNET.fullmatch(subnet)
    if region is None:
        raise invalid("vm_subnet must be projects/{project}/regions/{region}/subnetworks/{name}", "vm_subnet")
    zone = body.get("vmZone") or f"{job.location}-b"
    if not zone.startswith(f"{region[1]}-"):
        raise invalid("the region of vm_subnet must be that of the instance", "vm_subnet")
    host, port = _source(world, job)
    return "\n".join(
        (
            "#!/bin/bash",
            f"# TCP proxy for the migration job {job.name}",
            f'gcloud compute instances create-with-container "{name}" \\',
            f'  --zone="{zone}" --machine-type="{machine}" --subnet="{subnet}" --no-address \\',
            "  --container-image=gcr.io/dms-images/tcp-proxy \\",
            f"  --container-env=SOURCE_CONFIG={host}:{port} --tags=dms-tcp-proxy",
            "",
        )
    )


def _source(world: World, job: Job) -> tuple[str, int]:
    profile = world.profiles.get(job.pb.source)
    data = profile_json(profile) if profile else {}
    for engine in _SOURCES:
        if "host" in data.get(engine, {}):
            return str(data[engine]["host"]), int(data[engine].get("port", 0))
    return "SOURCE_HOST", 0


def _required(body: dict[str, Any], key: str, field: str = "") -> str:
    value = body.get(key)
    field = field or re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), key)
    if not value:
        raise invalid(f"The field '{field}' is required", field)
    return str(value)
