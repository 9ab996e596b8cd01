"""Known errors of networks, instances and tokens of Google Cloud, which their own names and sentences tell.

Sources of the texts: "Troubleshoot" of Cloud SQL, "Known issues" of Cloud SQL, "Private Service Connect" and
"Configure private services access" of VPC, and issues of the Terraform provider, which quote the services.
What to do is the bot's own, as no guide of DMS says it.
"""

from __future__ import annotations

from bot.dms.error_causes import NETWORK, Cause, KnownError, known

_PSC = r"\b(?:private service connect\b|PSC (?:endpoint|connection|interface|service attachment)s?\b)"

GOOGLE_CLOUD_ERRORS: tuple[KnownError, ...] = (
    # "Known issues" of Cloud SQL.
    known(
        Cause.API_DISABLED,
        r"\bSERVICE_NETWORKING_NOT_ENABLED\b",
        "The Service Networking API of the project is not enabled: enable it, and wait a few minutes.",
        documented=False,
    ),
    known(
        Cause.PEERING,
        r"\bNETWORK_(?:NOT_PEERED|PEERING_DELETED)\b|\bincorrect service networking config\b|"
        r"\bplease create service networking connection\b|"
        r"\bcannot modify allocated ranges in CreateConnection\b|\bat least 1 private services connection\b|"
        r"\bIP range\b.{0,60}\boverlaps with an IP range\b|"
        # "Error messages" of Cloud SQL: the range was changed or deleted.
        r"\ballocated IP ranges? '…' not found in network\b",
        "Private services access is not set up for the VPC network of the destination, or its address "
        "range is in use elsewhere or was deleted: check the network's private connection and its "
        "allocated range.",
        page=NETWORK,
        documented=False,
    ),
    known(
        Cause.PSC,
        rf"{_PSC}(?:[^:]|: (?=connection)){{0,120}}\b(?:refused|rejected|not accepted|needs_attention|"
        r"timed out|cannot|could not|failed)\b|"
        rf"\b(?:refused|rejected|unable to connect|could not connect|failed to connect)\b.{{0,80}}{_PSC}|"
        r"\b(?:service|network) attachment\b.{0,80}\b(?:rejected|not accept(?:ed)?|not found|refused)\b",
        "Private Service Connect does not let the connection through: check that the service attachment "
        "accepts "
        "the project, that the endpoint is in state ACCEPTED, and that what is behind it listens.",
        page=NETWORK,
        documented=False,
    ),
    # "IAM authentication" of Cloud SQL. No password is wrong here.
    known(
        Cause.IAM,
        r"\bcloud sql IAM (?:user|service account|group)\b.{0,20}\bauthentication failed\b",
        "The IAM user may not log in to the Cloud SQL instance: give its account the role Cloud SQL Instance "
        "User, and see that the instance has a user of this name.",
        documented=False,
    ),
    known(
        Cause.SCOPES,
        r"\binsufficient authentication scopes\b|\bACCESS_TOKEN_SCOPE_INSUFFICIENT\b",
        "The access token lacks a scope: whatever makes the call needs the scope `cloud-platform`.",
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        documented=False,
    ),
    known(
        Cause.BUSY,
        r"\banother operation was already in progress\b|\boperationInProgress\b",
        "Another operation is running on the instance: wait until it has ended, then {go_on}.",
        documented=False,
    ),
    # "Troubleshoot" of Cloud SQL: another operation is in progress, or the instance is suspended.
    known(
        Cause.BUSY,
        r"\bnot in an appropriate state to handle the request\b",
        "The instance is busy with another operation, or is stopped or suspended: wait until that has ended, "
        "or start it, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.STOPPED_INSTANCE,
        r"\bthe (?:cloud sql )?instance is (?:currently )?(?:not running|stopped|suspended)\b|"
        r"\bcloud sql instance\b.{0,60}\bis not (?:currently )?running\b|\binvalidInstanceState\b|"
        r"\binstance is stopped\b",
        "An instance is not running: start it in the console, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.NAME_TAKEN,
        r"\binstanceAlreadyExists\b|\bcloud sql instance already exists\b|"
        r"\bcan't reuse the name of the deleted instance\b|\binstance name already used\b",
        "An instance of this name exists, or was deleted a short while ago: choose another name.",
        documented=False,
    ),
    known(
        Cause.CAPACITY,
        r"\bZONE_RESOURCE_POOL_EXHAUSTED\w*|"
        r"\bzone\b.{0,80}\bdoes not have enough resources available\b",
        "The zone has no room for this instance now: try again later, or choose another zone or machine "
        "type.",
        documented=False,
    ),
    # "Known issues" of Cloud SQL: try to create the instance again.
    known(
        Cause.TEMPORARY,
        r"\brouter status is temporarily unavailable\b|\bservice is currently unavailable\b",
        "A passing fault of Google Cloud: try again in a few minutes.",
        documented=False,
    ),
)
