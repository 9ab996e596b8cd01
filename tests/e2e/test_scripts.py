"""`/dms script`: what the service is asked, and that the asker alone sees the script."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.env import JSON, Env
from tests.e2e.helpers import audit, moment, private

SUBNET = "projects/acme/regions/europe-west1/subnetworks/db"


def asked(env: Env, method: str, job: str) -> list[JSON]:
    return [each["request"] for each in env.dms.calls(method, about=f"migrationJobs/{job}")]


@pytest.mark.parametrize(
    ("flags", "wanted", "words"),
    [
        (
            "--vm bastion --zone europe-west1-b --port 5433",
            {"vm": "bastion", "vm_selection_config": {"vm_zone": "europe-west1-b"}, "vm_port": 5433},
            ('VM="bastion"', 'VM_PORT="5433"'),
        ),
        (
            "--vm new --machine-type e2-micro --subnet db",
            {"vm": "new", "vm_creation_config": {"vm_machine_type": "e2-micro", "subnet": "db"}},
            ("gcloud compute instances create", '--subnet="db"'),
        ),
    ],
)
def test_an_ssh_script(env: Env, flags: str, wanted: JSON, words: tuple[str, ...]) -> None:
    """REST `GenerateSshScriptRequest`: `vm`, and one of the two configurations."""
    job = env.add_job("script", state="NOT_STARTED", source_host="10.1.2.3")
    before = moment(env)
    env.slack.command(f"script {job} --ssh {flags}", user="dana")
    answer = private(env, "dana", "a reverse SSH tunnel", *words, after=before)
    assert answer["ephemeral_for"]
    assert "```\n#!/bin/bash" in plain(answer)
    (request,) = asked(env, "GenerateSshScript", job)
    assert {key: value for key, value in request.items() if key != "migration_job"} == wanted
    assert not any("10.1.2.3" in plain(each) for each in env.slack.messages(user="sam", after=before))
    assert audit(env, job) == (), "it changes nothing, and its text is kept nowhere"


def test_a_tcp_proxy_script(env: Env) -> None:
    job = env.add_job("script", state="NOT_STARTED", source_host="10.1.2.4")
    before = moment(env)
    env.slack.command(f"script {job} --tcp-proxy --vm proxy --machine-type e2-micro --subnet {SUBNET}")
    private(env, "dana", "a TCP proxy", "SOURCE_CONFIG=10.1.2.4", after=before)
    (request,) = asked(env, "GenerateTcpProxyScript", job)
    assert (request["vm_name"], request["vm_machine_type"], request["vm_subnet"]) == (
        "proxy",
        "e2-micro",
        SUBNET,
    )


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--vm v --zone z", "Say which script"),
        ("--ssh --tcp-proxy --vm v", "Say which script"),
        ("--ssh --vm v", "needs the VM of the tunnel and its zone"),
        ("--ssh --zone z", "needs the VM of the tunnel and its zone"),
        ("--ssh --vm v --zone z --subnet s", "is for a new VM"),
        ("--ssh --vm v --zone z --port 65536", "from 1 to 65535"),
        ("--ssh --vm v --zone z --port 0", "from 1 to 65535"),
        ("--tcp-proxy --vm v --machine-type m", "its machine type and its subnet"),
        ("--tcp-proxy --vm v --machine-type m --subnet db", "not `db`"),
        (f"--tcp-proxy --vm v --machine-type m --subnet {SUBNET} --port 1", "goes with `--ssh`"),
    ],
)
def test_what_is_missing_is_said_with_an_example(env: Env, flags: str, says: str) -> None:
    job = env.add_job("script")
    answer = plain(env.type(f"script {job} {flags}"))
    assert says in answer
    assert asked(env, "GenerateSshScript", job) == asked(env, "GenerateTcpProxyScript", job) == []


def test_what_the_service_refuses_is_told(env: Env) -> None:
    job = env.add_job("script")
    other = "projects/acme/regions/us-east1/subnetworks/db"
    flags = f"--tcp-proxy --vm v --machine-type m --zone europe-west1-b --subnet {other}"
    answer = env.type(f"script {job} {flags}")
    assert "the region of vm_subnet must be that of the instance" in plain(answer)


def test_a_long_script_is_a_file_for_the_asker(env: Env) -> None:
    job = env.add_job("script", source_host="h" * 2600)
    before = moment(env)
    env.slack.command(f"script {job} --ssh --vm v --zone z")
    private(env, "dana", "The file is for you alone", after=before)
    assert not any(f"{job}-ssh.sh" in str(each) for each in env.slack.messages(user="sam", after=before))
