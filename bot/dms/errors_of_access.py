"""Known errors of access, network, space and data; looked through after those of replication."""

from __future__ import annotations

from bot.dms.error_causes import (
    BAD_CERTIFICATES,
    CANNOT_REACH,
    CONNECTION_BROKE,
    DESTINATION_WRITTEN,
    LACKS_PRIVILEGES,
    MAKE_ROOM,
    MAKE_ROOM_BY_FAMILY,
    NETWORK,
    NO_TUNNEL,
    RAISE_MAX_CONNECTIONS,
    SCHEMA_DIFFERS,
    SCHEMA_DIFFERS_BY_FAMILY,
    SOURCE,
    WRONG_LOGIN,
    Cause,
    KnownError,
    known,
)

_CERTIFICATE = (
    r"\bcertificates?\b[^.:;]{0,120}\b(?:expired|not (?:yet )?valid|invalid|(?:not|un)(?: be)? ?trusted|"
    r"verif\w{1,9}|unknown|mismatch\w{0,2}|match|fail\w{0,4}|revoked|require[ds]|signed by|unable|"
    r"can(?:no|')t|could not|do(?:es)? ?n[o']t|missing|bad|wrong|rejected|refused|error)\b|"
    r"\b(?:expired|invalid|untrusted|verif\w{1,9}|revoked|unable|can(?:no|')t|could not|failed to|"
    r"do(?:es)? ?n[o']t|missing|bad|wrong|rejected)\b[^.:;]{0,60}\bcertificates?\b"
)
"""A certificate with a fault: texts also mention one that is only rotated, or in use."""

_TUNNEL = r"\b(?:tunnels?|bastion|reverse ssh)\b"
_BROKEN = (
    r"\b(?:can(?:no|')t|could not|unable|fail\w{0,4}|errors?|refused|rejected|denied|lost|closed|broken?|"
    r"down|unreachable|timed out|is(?: no|n')t|does(?: no|n')t)\b"
)
"""Words for a fault of the tunnel: texts also mention a tunnel when something behind it fails."""

ACCESS_ERRORS: tuple[KnownError, ...] = (
    known(
        Cause.TUNNEL,
        r"\bssh: (?:connect to host|handshake failed|unable to authenticate)\b|"
        # OpenSSH names the methods that are left: `(publickey,password)`.
        r"\bpermission denied \((?:publickey|password|keyboard-interactive|hostbased|gssapi)\b|"
        r"\bpermission denied, please try again\b|\b(?:kex|ssh)_exchange_identification\b|"
        r"\bremote port forwarding failed\b|\badministratively prohibited\b|"
        r"\bhost key verification failed\b|\bchannel \d{1,9}: open failed\b|"
        r"\bbind \[\S{1,60}: (?:cannot assign requested address|address already in use)\b|"
        r"\bload key \"…\": (?:invalid format|error in libcrypto|bad permissions)\b",
        NO_TUNNEL,
    ),
    # OpenSSH: the database says nothing of this.
    known(
        Cause.TUNNEL,
        r"\bclient_loop: send disconnect\b|\bpacket_write_wait: connection to\b|"
        r"\btimeout, server \S{1,80} not responding\b",
        "The SSH tunnel broke while it was in use: check that the bastion host stays up, and that nothing "
        "between ends idle connections (`ServerAliveInterval`).",
        documented=False,
    ),
    known(
        Cause.HOST_BLOCKED,
        r"\bis blocked because of many connection errors\b|"
        r"\bflush-hosts\b|\bpg_hba\.conf\b|\bis not allowed to (?:connect|access the server)\b",
        "The database does not let DMS's address in. "
        "Allow it (PostgreSQL: `pg_hba.conf`; MySQL: the user's host; an allowlist), and unblock it (MySQL: "
        "`FLUSH HOSTS`).",
        documented=False,
    ),
    # The PostgreSQL manual, "Ident Authentication" and "Peer Authentication": no password is asked for.
    known(
        Cause.HOST_BLOCKED,
        r"\b(?:ident|peer) authentication failed for user\b",
        "`pg_hba.conf` takes no password from DMS's address, but asks the system there who the user is: give "
        "that entry the method `scram-sha-256` or `md5`.",
        documented=False,
    ),
    known(
        Cause.TOO_MANY_CONNECTIONS,
        r"\btoo many (?:connections|clients)\b|"
        r"\bremaining connection slots are reserved\b|\bmax_connections\b",
        RAISE_MAX_CONNECTIONS,
        documented=False,
    ),
    known(
        Cause.PASSWORD,
        r"\bpassword authentication failed\b|\baccess denied for user\b|"
        r"\bauthentication failed\b|\binvalid (?:username|user name|password|credentials)\b|"
        r"\blogin failed\b|\bORA-(?:01017|28000|28001)\b|\bincorrect password\b|"
        r"\bis not permitted to log in\b|\bno password supplied\b",
        WRONG_LOGIN,
        "AUTHENTICATION_FAILURE",
    ),
    known(
        Cause.DESTINATION_PRIVILEGES,
        r"\b(?:pg_restore|error importing schema|failed to restore schema)\b(?!.{0,300}\bpg_dump\b)"
        r".{0,300}\b(?:permission denied|"
        r"must be owner|must be superuser)\b|\bcloudsqlsuperuser\b|\balloydbsuperuser\b|"
        # A replicated statement runs on the destination.
        r"\b(?:privilege\(s\) for this operation|command denied to user\b.{0,80}) on query\b",
        "Something that the source's schema does is not permitted on the destination. "
        "Change it on the source, or leave that database out, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.SOURCE_PRIVILEGES,
        r"\bsufficient privileges?\b|\binsufficient privileges?\b|"
        r"\bpermission (?:was )?denied\b|\bmust be superuser\b|"
        r"\bdoes not have (?:the )?REPLICATION\b|"
        r"\b(?:SELECT|SHOW VIEW|TRIGGER|EVENT|LOCK TABLES|REPLICATION \w+) (?:privilege|command denied)|"
        r"\bneed \(at least one of\) the\b|\bORA-(?:01031|00942)\b|\bcommand denied to user\b",
        LACKS_PRIVILEGES,
        page=SOURCE,
    ),
    # Behind user, password and privileges, which are told through a tunnel as well.
    known(
        Cause.TUNNEL,
        rf"{_BROKEN}\b[^:]{{0,60}}{_TUNNEL}|{_TUNNEL}[^:]{{0,60}}{_BROKEN}",
        NO_TUNNEL,
    ),
    known(
        Cause.CERTIFICATE,
        rf"\bx509\b|\bself[- ]signed\b|{_CERTIFICATE}|"
        r"\b(?:ssl|tls)\b:?(?!.{0,20}\bEOF\b)(?!.{0,40}\bsyscall error\b)[^:]{0,60}\b(?:error|"
        r"failed|required|not supported|handshake|verif\w+|unsupported)\b",
        BAD_CERTIFICATES,
        documented=False,
    ),
    known(
        Cause.STATEMENT_TIMEOUT,
        r"\bstatement timeout\b|\bmaximum statement execution time\b",
        "A statement on the database took longer than allowed. "
        "Raise the limit for the migration user (PostgreSQL: `statement_timeout`), then {go_on}.",
        documented=False,
    ),
    known(
        Cause.DISK_FULL,
        r"\bdisk (?:is )?full\b|\bno space left\b|\bout of disk\b|"
        r"\bstorage\b.{0,20}\bfull\b(?! (?:backup|dump))|\bcould not extend file\b",
        MAKE_ROOM,
        documented=False,
        by_family=MAKE_ROOM_BY_FAMILY,
    ),
    known(
        Cause.IN_USE,
        r"\bis being accessed by other users\b|\bdatabase is in use\b|\bbecause it is in use by\b|"
        r"\bcannot drop\b.{0,60}\bin use\b",
        "Somebody is connected to the destination database, so it cannot be cleared. "
        "End those connections, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.DUPLICATE,
        r"\bduplicate (?:key|entry)\b|\bviolates unique constraint\b|\bviolates exclusion constraint\b|"
        r"\berror(?:_code:)? ?1062\b|"
        r"\bcould not create unique index\b|\bORA-00001\b|\bviolates foreign key constraint\b|"
        r"\bforeign key constraint fails\b",
        DESTINATION_WRITTEN,
        documented=False,
    ),
    known(
        Cause.SCHEMA_DRIFT,
        r"\b(?:relation|column|schema|type|function|table)\b(?! with OID\b)(?:[^:]|:[:=]){0,80}"
        r"\b(?:does not exist|doesn't exist)\b|"
        r"\bviolates not-null constraint\b|\bis missing replicated columns?\b|"
        r"\bvalue too long for type\b|\bunknown column\b|"
        r"\bdata too long for column\b|\bviolates check constraint\b",
        SCHEMA_DIFFERS,
        documented=False,
        by_family=SCHEMA_DIFFERS_BY_FAMILY,
    ),
    known(
        Cause.CONNECTION_LOST,
        r"\blost connection\b(?! to parallel worker)|\bserver has gone away\b|"
        r"\bserver closed the connection\b|"
        r"\bSSL SYSCALL\b|\bconnection\b(?! profile)[^:]{0,40}\b(?:closed|reset|lost|terminated|aborted)\b|"
        r"\bcould not receive data from WAL stream\b|"
        r"\bterminating connection\b|\bunexpected EOF\b|\bbroken pipe\b",
        CONNECTION_BROKE,
        page=NETWORK,
        documented=False,
    ),
    known(
        Cause.UNREACHABLE,
        r"\bunable to connect\b|\b(?:could not|can'?t|cannot|failed to) connect\b|"
        r"\bconnection (?:refused|timed out|timeout|attempt)\b|"
        r"\b(?:timed out|time-?out)\b.{0,40}\b(?:connect\w*|host|server)\b|"
        r"\bunreachable\b|\bno route to host\b|\bcould not translate host name\b|"
        r"\bwhile connecting to\b|\bunknown host\b|\bprivate connectivity error\b|"
        r"\bnetwork is (?:down|unreachable)\b|"
        r"\bconnection to server\b.{0,80}\bfailed\b|\bto server timed out\b|\bdial tcp\b|"
        r"\bserver misbehaving\b|\bserver network address\b.{0,80}\bcan ?not be reached\b|"
        r"\bno such host\b|\bcould not be resolved\b|\bdatabase system is (?:starting up|shutting down|"
        r"not yet accepting connections)\b|\bnot ready to accept new client connections\b",
        CANNOT_REACH,
        "CONNECTION_FAILURE",
        "INVALID_CONNECTION_PROFILE_CONFIG",
        page=NETWORK,
    ),
)
