"""Known errors that one engine, Cloud Storage or IAM tells by its own code or sentence; looked through
first, as more general signs would take some of them for something else.

Sources of the texts: the Oracle Database error help (ORA-…), the error references of MySQL and SQL Server,
the PostgreSQL manual. Remedies are the bot's own where they say so; the others are in "Configure your
source" of the guides.
"""

from __future__ import annotations

from bot.dms.engines import Family
from bot.dms.error_causes import (
    AUTH_PLUGIN_MISSING,
    CONNECTION_BROKE,
    DESTINATION_WRITTEN,
    LACKS_PRIVILEGES,
    LOGS_GONE,
    POSTGRES_READ_REPLICA,
    RAISE_CONNECTION_LIMIT,
    SCHEMA_DIFFERS,
    SCHEMA_DIFFERS_BY_FAMILY,
    SOURCE,
    Cause,
    KnownError,
    known,
)

ENGINE_ERRORS: tuple[KnownError, ...] = (
    known(
        Cause.SQLSERVER_CDC,
        r"\b(?:change data capture|CDC)\b[^:]{0,60}\bnot (?:been )?(?:enabled|running|active)\b|"
        r"\bnot enabled for change data capture\b|"
        r"\bsp_cdc_enable\w*|\bcould not update the metadata\b.{0,120}\bchange data capture\b|"
        r"\binvalid object name '?cdc\.|\bmetadata that indicates\b.{0,60}\bchange data capture\b|"
        r"\bSQL ?Server ?Agent\b.{0,60}\bnot (?:currently )?running\b|\b(?:msg|error:?) (?:14234|"
        r"22832|22830|22985)\b",
        "Change data capture does not run on the source: enable it for the database and its tables, and see "
        "that the SQL Server Agent runs.",
        page=SOURCE,
    ),
    known(
        Cause.API_DISABLED,
        r"\bAPI\b.{0,60}\bhas not been used in project\b|\bSERVICE_DISABLED\b|\baccessNotConfigured\b|"
        r"\bAPI\b.{0,40}\bis disabled\b",
        "An API of the project is not enabled: enable the one that the error names, and wait a few minutes.",
        "SERVICE_DISABLED",
        documented=False,
    ),
    # "Private IP" and "Customer-managed encryption keys" of Cloud SQL.
    known(
        Cause.IP_RANGE,
        r"\bfind free blocks in allocated IP ranges\b",
        "The IP range that is allocated for private services access is used up: allocate another.",
        documented=False,
    ),
    known(
        Cause.KEY_DISABLED,
        r"\bKMS key\b[^:]{0,200}\b(?:(?:is|was|are|been) (?:disabled|destroyed|not enabled)|"
        r"(?:is|are) (?:pending|scheduled for) destruction)\b|\bcryptoKeyVersions/\d{1,9} is not enabled\b",
        # "Destroy and restore key versions" of Cloud KMS: only one that is scheduled can be restored.
        "The key that encrypts the data is not enabled in Cloud KMS: enable its version again, or restore it "
        "first if it is scheduled for destruction. Nobody can bring back one that is destroyed.",
        documented=False,
    ),
    # `ErrorInfo.reason`: google.api.ErrorReason.
    known(
        Cause.BILLING,
        r"\brequires billing to be enabled\b|\bhas billing disabled\b|\bcheck billing account\b|"
        r"\bbilling account for the owning project is disabled\b|\babsent billing account\b",
        "Billing is not enabled for the project: enable it, and wait a few minutes.",
        "BILLING_DISABLED",
        documented=False,
    ),
    known(
        Cause.PROJECT,
        r"\bCONSUMER_(?:INVALID|SUSPENDED)\b",
        "The project that the error names does not exist, is deleted or is suspended: check its ID.",
        "CONSUMER_INVALID",
        "CONSUMER_SUSPENDED",
        "GCP_SUSPENDED",
        documented=False,
    ),
    # "Troubleshoot" of VPC Service Controls, and "Organization policy constraints".
    known(
        Cause.POLICY,
        r"\bvpcServiceControlsUniqueIdentifier\b|"
        r"\bprohibited by organization's policy\b|\bconstraints/\w+\.\w+.{0,60}\b(?:violated|enforced)\b|"
        r"\bviolates (?:the )?(?:constraint )?'?constraints/\w|"
        r"\borganization policy check failure\b",
        "A policy of the organization or a VPC Service Controls perimeter forbids it: ask whoever looks "
        "after those, and give them the error.",
        "SECURITY_POLICY_VIOLATED",
        "ORG_RESTRICTION_VIOLATION",
        "LOCATION_POLICY_VIOLATED",
        "LOCATION_ORG_POLICY_VIOLATED",
        "RESOURCE_USAGE_RESTRICTION_VIOLATED",
        "ENDPOINT_USAGE_RESTRICTION_VIOLATED",
        documented=False,
    ),
    known(
        Cause.BUCKET,
        r"\bstorage\.(?:objects|buckets)\.\w+|\bcloud storage\b[^:]{0,80}\b(?:denied|access|"
        r"not found|forbidden)\b|"
        r"\baccess ?denied\b.{0,20}\bgs://|"
        r"\bgs://[^\s:]+(?::? (?:access|permission) denied\b"
        r"(?! for (?:user|table|schema|sequence)\b|,? (?:\((?:publickey|password|keyboard)|please try))|"
        r"[^:]{0,80}\b(?:denied|not found|does not exist|no such object|empty)\b)|"
        r"\b(?:bucket|object)\b.{0,60}\bpermission denied\b|\bspecified bucket does not exist\b|"
        r"\bservice account\b.{0,80}\bpermissions? (?:for|on) the bucket\b|"
        r"\bno such object\b|\bbucket you tried to access does not exist\b",
        "DMS cannot read the dump or backup files in Cloud Storage: check the path, and give the service "
        "account that the error names the role Storage Object Viewer on the bucket.",
        documented=False,
    ),
    known(
        Cause.IAM,
        r"\bpermission\b.{0,80}\bdenied (?:on|for) (?:resource|network|subnetwork|project|"
        r"service account)\b|"
        r"\blacks IAM permission\b|\biam\.(?:serviceAccounts?|roles)\.\w+|"
        r"\bcaller does not have permission\b|\brequired ['\"]…['\"] permission\b|"
        r"\bnot authorized to act as service account\b|\bdoes not have access to service account\b|"
        r"\b(?:cloudsql|alloydb|datamigration|compute|cloudkms|servicenetworking|secretmanager)"
        r"\.[a-z]{1,40}\.[a-z]{1,40} permission\b|"
        r"\bset service networking service account as\b|"
        r"\bclient is not authorized to make this request\b|\b403: insufficient permission\b|"
        r"\b(?<!user )does not have\b.{0,80}\b(?:IAM )?permission "
        r"(?:to|for)\b|\bservice account\b.{0,120}\b(?:lacks|missing|required) (?:the )?permissions?\b",
        "An account, of a service or a person, lacks a permission in Google Cloud: grant the one that the "
        "error names.",
        documented=False,
    ),
    # ---- Oracle
    known(
        Cause.ORACLE_LOGGING,
        r"\bORA-(?:01325|00258|00253|01354|01347|31541)\b|\bnoarchivelog\b|\barchive ?log mode\b|"
        r"\bsupplemental log",
        "The source does not log what replication needs: switch on ARCHIVELOG and supplemental "
        "logging as the "
        "guide says.",
        page=SOURCE,
    ),
    known(
        Cause.LOG_LOST,
        r"\bORA-(?:01291|01292|00308|00310|00334|27037|01284)\b|\bmissing (?:redo |archived? )?log ?file\b|"
        r"\bdo not contain the offset scn\b",
        LOGS_GONE.format("archived redo logs were removed; keep them longer"),
        documented=False,
    ),
    known(
        Cause.UNDO,
        r"\bORA-(?:01555|08180|08181|22924)\b|\bsnapshot too old\b",
        "The source overwrote undo data that a long read still needed: raise `UNDO_RETENTION` and the undo "
        "tablespace, then {go_on}.",
        documented=False,
        by_family={
            # The PostgreSQL manual, `old_snapshot_threshold` (up to version 16).
            Family.POSTGRESQL: (
                "The source removed row versions that a long read still needed: set its "
                "`old_snapshot_threshold` to -1, restart it, then {go_on}."
            ),
        },
    ),
    known(
        Cause.DISK_FULL,
        r"\bORA-(?:00257|0165[0-9]|01688|01691|01536|15041|19809|19815|30009|30036)\b|\barchiver error\b|"
        r"\berror(?:_code)?:? ?1114\b|\b(?:table|file)\b.{0,80}\bis full\b|\berrno: 28\b|\berrcode: 28\b|"
        r"\bfilegroup is full\b|\b(?:msg|error:?) (?:1101|1105|9002)\b|\bgot error 28 from storage engine\b|"
        r"\binsufficient disk space\b|\black of disk space\b|"
        r"\binsufficient free space on disk\b|\bnot enough space on the disk\b|"
        r"\btransaction log for database\b.{0,80}\bis full\b",
        "A disk, tablespace or log area is full, on the source or on the destination. Make room first.",
        documented=False,
    ),
    known(
        Cause.CONNECTION_LOST,
        r"\bORA-(?:03113|03114|03135|02396|02399|12537|12547|12570|12571|12583|12592|12637|17410|17800|00028|01089|"
        r"01092)\b|\bgot minus one from a read call\b|\bno more data to read from socket\b|"
        r"\bterminating logical replication worker due to timeout\b|\bdriver: bad connection\b|"
        r"\binvalid connection\b(?! \w)|\bsession is in the kill state\b|"
        r"\bcommunications link failure\b|\b(?:replication|idle-in-transaction|idle-session) timeout\b",
        CONNECTION_BROKE,
        documented=False,
    ),
    known(
        Cause.UNREACHABLE,
        r"\bORA-(?:12[15]\d\d|01033|01034|01109|01219|27101|12860)\b|\bTLS handshake timeout\b|"
        r"\bnetwork-related or instance-specific error\b|"
        r"\btemporary failure in name resolution\b|\bhost is down\b|\bcould not resolve (?:host|"
        r"the connect)\b|"
        r"\bname or service not known\b|\bunknown MySQL server host\b|"
        r"\bnetwork adapter could not establish the connection\b|"
        r"\bTCP/IP connection to the host\b.{0,120}\bhas failed\b|\bdatabase system is in recovery mode\b|"
        r"\blogin timeout expired\b|\bcould not open a connection to\b|"
        r"\bon server '…' is not currently available\b",
        "DMS cannot reach the database: check that it is up, then host, port and service name, firewall, "
        "allowlist, VPC peering or tunnel.",
        documented=False,
    ),
    known(
        Cause.SCHEMA_DRIFT,
        r"\bORA-(?:01400|02291|02290|12899|01438|00904)\b|\bcannot be converted from type\b|"
        r"\berror(?:_code)?:? ?(?:1048|1051|1054|1060|1061|1068|1091|1136|1507|1517|1535|1677)\b|"
        r"\bcheck that column/key exists\b|"
        r"\btable definition on (?:master|source) and (?:slave|replica) does not match\b|"
        r"\bunknown table '…' on query\b|\bmultiple primary key defined\b|\bduplicate partition name\b|"
        r"\berror in list of partitions\b|\bcolumn \"…\" of relation \"…\" already exists\b|"
        r"\bduplicate (?:column|key) name\b|"
        r"\bis of type\b.{0,60}\bbut expression is of type\b|\binvalid input syntax for type\b|"
        r"\bnumeric field overflow\b|\b(?:small|big)?int(?:eger)? out of range\b|"
        r"\b(?:msg:? |error:? )(?:207|208|515|2628|8152), (?:level|severity)\b|"
        r"\bas logical replication target\b|\bbinary data format in logical replication column\b|"
        r"\binvalid (?:object|column) name '|\bstring or binary data would be truncated\b|"
        r"\bcannot insert the value NULL into\b",
        SCHEMA_DIFFERS,
        documented=False,
        by_family=SCHEMA_DIFFERS_BY_FAMILY,
    ),
    # ---- MySQL
    known(
        Cause.AUTH_PLUGIN,
        r"\bcaching_sha2_password\b|\bsha256_password\b|\bauthentication plugin\b|"
        r"\bthis user requires \w[\w ]{0,40}\bauthentication\b|\bpublic key retrieval is not allowed\b|"
        r"\bauthentication requires secure connection\b",
        AUTH_PLUGIN_MISSING,
        documented=False,
    ),
    known(
        Cause.SOURCE_PRIVILEGES,
        r"\berror(?:_code)?:? ?1044\b|\baccess denied for user\b.{0,120}\bto database\b|"
        r"\b(?:REPLICATION (?:SLAVE|CLIENT)|PROCESS|EXECUTE|XA_RECOVER_ADMIN)\b.{0,40}\bprivilege|"
        r"\b(?:msg|error:?) (?:229|262|297|300|916|4060)\b|"
        r"\bcannot open database\b.{0,80}\brequested by the login\b|"
        r"\bserver principal\b.{0,80}\bnot able to access\b|\bORA-(?:01950|00990|01045)\b|"
        r"\bto start wal ?sender\b|\bmissing privileges\b|\bmissing the following (?:global )?privilege|"
        r"\buser does not have permission to\b|\bPLS-00201\b|"
        r"\bnot authorized to initiate the requested action\b|"
        r"\bpermission denied for large object\b",
        LACKS_PRIVILEGES,
        page=SOURCE,
    ),
    known(
        Cause.TOO_MANY_CONNECTIONS,
        r"\bmax_user_connections\b|\berror(?:_code)?:? ?(?:1040|1203|1226)\b|\bORA-(?:00018|00020|"
        r"12516|12519|12520)\b|\b(?:request|session) limit for the database is \d{1,9} and has been "
        r"reached\b",
        RAISE_CONNECTION_LIMIT,
        documented=False,
    ),
    known(
        Cause.DUPLICATE,
        r"\berror(?:_code)?:? ?(?:1032|1062|1586)\b|\bHA_ERR_(?:KEY_NOT_FOUND|FOUND_DUPP_KEY|END_OF_FILE)\b|"
        r"\bcan't find record in\b|\bconflicted with the (?:FOREIGN KEY|REFERENCE) constraint\b|"
        # A replicated statement made what somebody had made there: nothing is to be cleared in CDC.
        r"\bCONFLICT: remote (?:INSERT|UPDATE|DELETE)\b|\b(?:already|database) exists on query\b",
        DESTINATION_WRITTEN,
        documented=False,
    ),
    # ---- SQL Server
    known(
        Cause.ENCRYPTED_BACKUP,
        r"\bserver certificate with thumbprint\b|\bcreate a master key in the database\b|"
        r"\bcertificate, asymmetric key, or private key file is not valid\b|"
        r"\bcannot find the certificate '…', because it does not exist or you do not have permission\b|"
        r"\b(?:msg|error:?) (?:33101|33111|15208|15465|15466|15581)\b|"
        r"\bprivate key (?:is not present|password is invalid)\b|"
        r"\b(?:decrypt|encrypted)\b[^:]{0,60}\bbackup\b|"
        r"\bbackups?\b[^:]{0,60}\b(?:is|are|was|were) encrypted\b|"
        r"\bbackup encryption\b[^:]{0,60}\b(?:expired|not|requires)\b",
        "A backup is encrypted: give the job the certificate and the private key of that database.",
        documented=False,
    ),
    known(
        Cause.BACKUP_FILE,
        r"\bRESTORE detected an error on page\b|\bmedia family\b.{0,80}\bincorrectly formed\b|"
        r"\b(?:msg|error:?) (?:3201|3203|3241|3242|3154|"
        r"3183|3189)\b|"
        r"\bcannot open backup device\b|\bbackup set holds a backup of a database other than\b|"
        r"\bbackup file\b.{0,60}\b(?:corrupt\w*|damaged)\b|"
        r"\bmedia (?:set|loaded)\b.{0,120}\bmedia famil(?:y|ies)\b|"
        r"\b(?:backup|transaction log) files? ?names?\b|"
        r"\bbackup files?\b.{0,80}\b(?:naming convention|file ?name)\b|"
        r"\bfile ?names?\b.{0,80}\b(?:backup|transaction log) files?\b|"
        r"\bno (?:full|differential)? ?backup files? (?:(?:was|were) )?found\b",
        "A backup file cannot be read, or is of another database: upload it again, in the folder "
        "and with the "
        "name that the guide asks for.",
        documented=False,
    ),
    known(
        Cause.RECOVERY_MODEL,
        r"\brecovery model\b.{0,60}\bsimple\b|\b(?:msg|error:?) 4208\b",
        (
            "The source database has the recovery model SIMPLE, which has no log backups: set it to "
            "FULL, take a full backup, and start again."
        ),
        documented=False,
    ),
    known(
        Cause.LOG_CHAIN,
        r"\blog in this backup set\b.{0,80}\b(?:too recent|too early|terminates)\b|\b(?:broken|"
        r"gap in the) log chain\b|"
        r"\bbreak in LSN chain\b|\blog chain\b.{0,40}\b(?:broken|gap)\b|"
        r"\b(?:msg|error:?) (?:3035|3116|3121|3136|3178|4214|4305|4318|4319|4326|4330|4333)\b|"
        r"\bnot on the same recovery path\b|\bcurrent database backup does not exist\b|"
        r"\brecovery path that is inconsistent\b|\bnot been restored to the correct earlier state\b|"
        r"\bno current database backup\b|\bno files are ready to rollforward\b|"
        r"\bRESTORE can only create a database when restoring\b|\bhas been rolled forward to LSN\b|"
        r"\bnot in the correct state to have this differential backup applied\b|"
        r"\bprevious restore operation was interrupted\b|"
        r"\bcannot be recovered because the log was not restored\b",
        (
            "The backups do not follow one another: one is missing, or is not of what was restored. Upload "
            "the one that fits, or start again with a full backup."
        ),
        documented=False,
    ),
    # ---- PostgreSQL
    known(
        Cause.LOCKS,
        r"\bmax_locks_per_transaction\b|\bout of shared memory\b",
        "The dump takes more locks than the database allows: raise `max_locks_per_transaction`, "
        "and restart it.",
        documented=False,
    ),
    known(
        Cause.MEMORY,
        r"\bout of memory\b|\bcannot allocate memory\b|\bORA-(?:0403[016])\b|\b(?:msg|error:?) 701\b|"
        r"\bmemory allocation failure\b|\binsufficient system memory\b|\bwaiting for memory resources\b|"
        r"\bcould not resize shared memory segment\b",
        "A database is out of memory: give it more, or a larger machine.",
        documented=False,
    ),
    known(
        Cause.READ_REPLICA,
        r"\bconflict with recovery\b|\bwhile in recovery\b|"
        r"\blogical decoding\b.{0,60}\b(?:in recovery|standby)\b|\bhot standby\b",
        POSTGRES_READ_REPLICA,
    ),
    known(
        Cause.LOCALE,
        r"\binvalid byte sequence for encoding\b|\bhas no equivalent in encoding\b|"
        r"\bincorrect string value\b|\bCOLLATION\b.{0,80}\bis not valid for CHARACTER SET\b|"
        r"\bconversion between \w{1,20} and \w{1,20} is not supported\b|\binvalid locale name\b|"
        r"\bis not a compiled character set\b|"
        r"\bconversion from collation \w{1,40} into \w{1,40} impossible\b|\bORA-(?:12703|29275)\b",
        (
            "Text of the source does not fit its encoding or that of the destination: correct the "
            "text, or convert the database."
        ),
        documented=False,
    ),
)
"""Each by a sign of its own: a number of the database, or a sentence that no other error has."""
