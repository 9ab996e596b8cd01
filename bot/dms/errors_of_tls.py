"""Known errors of encrypted connections: who wants one, in which version, and with which certificate.

Sources of the texts: the PostgreSQL manual (libpq, "Secure TCP/IP Connections with SSL"), error references
of MySQL (2026, 3159) and of Oracle, messages of OpenSSL, of Go's crypto/tls and of Java. What to do is the
bot's own, as no guide of DMS says it.
"""

from __future__ import annotations

from bot.dms.error_causes import BAD_CERTIFICATES, CONNECTION_BROKE, NETWORK, Cause, KnownError, known, oracle

_TLS = r"\b(?:ssl|tls)"

TLS_ERRORS: tuple[KnownError, ...] = (
    known(
        Cause.TLS_VERSION,
        rf"{_TLS}\b.{{0,120}}\bunsupported[ _]protocol\b|\bprotocol version mismatch\b|"
        rf"\bprotocol version TLS\S* is not accepted\b|{_TLS}: protocol version not supported\b|"
        rf"{_TLS}v?\w{{0,4}} alert protocol version\b|"
        rf"\bunsupported ssl version\b|"
        rf"{_TLS} version\b.{{0,60}}\b(?:not supported|unsupported|not accepted|too old)\b|"
        rf"\bno shared cipher\b|{_TLS}: no cipher suite supported\b|\bno protocols available\b|"
        + oracle("29019"),
        "The two sides have no version of TLS, or no cipher, in common: enable TLS 1.2 or newer on the "
        "database.",
        documented=False,
    ),
    # Told as an error of TLS, but the connection only ended.
    known(
        Cause.CONNECTION_LOST,
        rf"{_TLS}\b.{{0,100}}\bunexpected eof while reading\b",
        CONNECTION_BROKE,
        page=NETWORK,
        documented=False,
    ),
    # Oracle's own encryption, which is no TLS: "Configuring Native Network Encryption".
    known(
        Cause.TLS_SETTING,
        oracle("12599", "12650", "12660"),
        "One side wants Oracle's network encryption and the other does not offer it: compare "
        "`SQLNET.ENCRYPTION_SERVER` and `SQLNET.CRYPTO_CHECKSUM_SERVER` of the source with what the guide "
        "asks for.",
        documented=False,
    ),
    known(
        Cause.TLS_SETTING,
        r"\bserver does not support (?:SSL|TLS|encryption)\b|\bserver refused TLS connection\b|"
        r"\bSSL is not enabled on the server\b|"
        r"\binsecure transport are prohibited\b|\berror(?:_code)?:? ?3159\b|"
        rf"{_TLS}(?: connection| encryption)? is required\b|"
        r"\bdoes not look like a TLS handshake\b|\bwrong version number\b|"
        r"\bencryption (?:is )?not supported on the (?:client|server)\b",
        "One side wants an encrypted connection and the other does not: switch TLS on at the database, and "
        "in the connection profile.",
        documented=False,
    ),
    # PostgreSQL says at the end of the same error whether the connection was encrypted.
    known(
        Cause.HOST_BLOCKED,
        r"\bpg_hba\.conf\b.{0,300}\b(?:SSL off|no encryption)\b",
        "The database lets nobody in from here without encryption: use TLS in the connection profile, or "
        "add an entry for DMS's address to `pg_hba.conf`.",
        documented=False,
    ),
    known(
        Cause.CERTIFICATE,
        r"\btlsv\d[\w.]* alert\b|\bsslv\d alert\b|\bunknown ca\b|"
        + oracle("28759", "29024", "28860")
        + r"|\bprivate key does not match public key\b|\bcertificate authentication failed\b|"
        r"\bcertificate[ _]verify[ _]failed\b|"
        r"\bvalid client certificate\b|\bvalid certification path\b|"
        r"\bSSL Provider: the target principal name is incorrect\b|"
        # Go's crypto/tls: alerts that the other side sends.
        r"\btls: (?:unknown|unsupported|revoked) certificate\b",
        BAD_CERTIFICATES,
        documented=False,
    ),
)
"""Before errors of engines and of access, which speak of encryption in passing."""
