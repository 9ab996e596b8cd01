BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'dms-bot','0001 first tables','2026-11-30 01:44:04.656597+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'dms-bot','0002 hopeless runs','2026-11-30 01:44:04.657201+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'dms-bot','0003 decision channels and stopped jobs','2026-11-30 01:44:04.662223+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'dms-bot','0004 a lock of its own for cancels','2026-11-30 01:44:04.662574+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'dms-bot','0005 webhooks','2026-11-30 01:44:04.662914+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'dms-bot','0006 escalations','2026-11-30 01:44:04.663315+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'dms-bot','0007 cutovers','2026-11-30 01:44:04.663884+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'dms-bot','0008 IDs of known jobs','2026-11-30 01:44:04.664431+00:00');
CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, "user" TEXT NOT NULL,
        team TEXT NOT NULL, channel TEXT NOT NULL, action TEXT NOT NULL, job TEXT NOT NULL,
        job_create_time TEXT NOT NULL, job_status TEXT NOT NULL, request TEXT NOT NULL,
        run TEXT NOT NULL, operation TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL,
        hash TEXT NOT NULL);
INSERT INTO "audit" VALUES(1,'2026-03-01T12:00:00.000250+00:00','requested','U-dana','T1','C1','restart','projects/acme/locations/europe-west1/migrationJobs/orders','2026-02-27T12:00:00+00:00','RUNNING/CDC','q1','r1','projects/acme/locations/europe-west1/operations/7','“quoted” ''twice''','','86a8be6c548e17f69310880f3bee5ccabdd8766a9b65b5320142beb94c43d594');
INSERT INTO "audit" VALUES(2,'2026-03-01T13:00:00.000250+00:00','frozen','','','','','','','','','','','','86a8be6c548e17f69310880f3bee5ccabdd8766a9b65b5320142beb94c43d594','e90f8fd77ef1effceec179f652eba8a53853b8a208a586ead250099ea24397e7');
CREATE TABLE audit_head (
        one INTEGER PRIMARY KEY CHECK (one = 1), length INTEGER NOT NULL, hash TEXT NOT NULL);
INSERT INTO "audit_head" VALUES(1,2,'e90f8fd77ef1effceec179f652eba8a53853b8a208a586ead250099ea24397e7');
CREATE TABLE cutover_jobs (
            job TEXT NOT NULL, cutover TEXT NOT NULL, PRIMARY KEY (job, cutover));
INSERT INTO "cutover_jobs" VALUES('projects/acme/locations/europe-west1/migrationJobs/orders','v1');
INSERT INTO "cutover_jobs" VALUES('projects/acme/locations/europe-west1/migrationJobs/bare','v2');
CREATE TABLE cutover_log (
            id INTEGER PRIMARY KEY AUTOINCREMENT, cutover TEXT NOT NULL, at TEXT NOT NULL, event TEXT NOT NULL,
            "user" TEXT NOT NULL, job TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO "cutover_log" VALUES(1,'v1','2026-03-01T12:00:00.000250+00:00','stopped','U-sam','projects/acme/locations/europe-west1/migrationJobs/orders','“checkout” is off');
CREATE TABLE cutovers (
            id TEXT PRIMARY KEY, team TEXT NOT NULL, "by" TEXT NOT NULL, state TEXT NOT NULL,
            plan TEXT NOT NULL, created TEXT NOT NULL, since TEXT NOT NULL, request TEXT NOT NULL,
            rehearsal INTEGER NOT NULL, rehearsed TEXT, progress TEXT NOT NULL, ended TEXT,
            rev INTEGER NOT NULL);
INSERT INTO "cutovers" VALUES('v1','T1','{"channel":"C1","team":"T1","user":"U-dana"}','draining','{"app_owner":"U-sam","at":"2026-03-01T12:00:00.000250+00:00","channel":"C1","commander":"U-dana","jobs":["projects/acme/locations/europe-west1/migrationJobs/orders"],"shown":{"projects/acme/locations/europe-west1/migrationJobs/orders":"europe-west1/orders"},"writers":["checkout"],"zone":"Europe/Berlin"}','2026-03-01T11:00:00.000250+00:00','2026-03-01T12:00:00.000250+00:00','q1',0,'2026-02-27T12:00:00.000250+00:00','{"here":{"U-dana":"2026-03-01T12:00:00.000250+00:00"},"samples":[{"at":"2026-03-01T12:00:00.000250+00:00","bytes":0.0,"database":"app","job":"projects/acme/locations/europe-west1/migrationJobs/orders","seconds":0.0,"zeros":2}],"stopped":"2026-03-01T12:00:00.000250+00:00","stopped_by":"U-sam","writers":[{"at":"2026-03-01T12:00:00.000250+00:00","by":"U-sam","text":"checkout"}]}',NULL,7);
INSERT INTO "cutovers" VALUES('v2','T1','{"team":"T1","user":"U-sam"}','done','{"jobs":["projects/acme/locations/europe-west1/migrationJobs/bare"]}','2026-03-01T10:00:00.000250+00:00','2026-03-01T12:00:00.000250+00:00','',1,NULL,'{}','2026-03-01T12:00:00.000250+00:00',1);
CREATE TABLE decisions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, request TEXT NOT NULL, "user" TEXT NOT NULL, approve INTEGER NOT NULL,
        reason TEXT NOT NULL, at TEXT NOT NULL, channel TEXT, UNIQUE (request, "user"));
INSERT INTO "decisions" VALUES(1,'q1','U-sam',0,'not on a Friday','2026-03-01T12:00:00.000250+00:00','C1');
INSERT INTO "decisions" VALUES(2,'q1','U-kim',1,'','2026-03-01T13:00:00.000250+00:00','');
CREATE TABLE deliveries (id TEXT PRIMARY KEY, at TEXT NOT NULL);
INSERT INTO "deliveries" VALUES('Ev1','2026-03-01T12:00:00.000250+00:00');
CREATE TABLE escalations (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, rule TEXT NOT NULL, channel TEXT NOT NULL,
            "group" TEXT NOT NULL, message TEXT NOT NULL, events TEXT NOT NULL, repeat_s INTEGER NOT NULL,
            started TEXT NOT NULL, next_at TEXT, repeats INTEGER NOT NULL, ended TEXT,
            acknowledged_by TEXT NOT NULL);
INSERT INTO "escalations" VALUES(1,'x1','production','C1','@dba-team','alert:1:C1','[1,2]',900,'2026-03-01T12:00:00.000250+00:00','2026-03-01T13:00:00.000250+00:00',2,NULL,'');
INSERT INTO "escalations" VALUES(2,'x2','Übersicht','C1','S1','alert:2:C1','[]',0,'2026-03-01T12:00:00.000250+00:00',NULL,0,'2026-03-01T12:00:00.000250+00:00','U-sam');
CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, create_time TEXT NOT NULL, at TEXT NOT NULL,
        kind TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, detail TEXT NOT NULL,
        "by" TEXT NOT NULL);
INSERT INTO "events" VALUES(1,'projects/acme/locations/europe-west1/migrationJobs/orders','2026-02-27T12:00:00.000250+00:00','2026-03-01T12:00:00.000250+00:00','changed','STARTING','RUNNING/CDC','by hand','outside');
INSERT INTO "events" VALUES(2,'projects/acme/locations/europe-west1/migrationJobs/bare','2026-03-01T12:00:00.000250+00:00','2026-03-01T12:00:00.000250+00:00','created','','','','');
CREATE TABLE freezes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, job TEXT NOT NULL, until TEXT NOT NULL,
        reason TEXT NOT NULL, "by" TEXT NOT NULL, created TEXT NOT NULL, lifted TEXT,
        lifted_by TEXT NOT NULL);
INSERT INTO "freezes" VALUES(1,'f1','*','2026-03-01T13:00:00.000250+00:00','sale','U-sam','2026-03-01T12:00:00.000250+00:00',NULL,'');
INSERT INTO "freezes" VALUES(2,'f2','projects/acme/locations/europe-west1/migrationJobs/orders','2026-03-01T14:00:00.000250+00:00','audit','U-sam','2026-03-01T12:00:00.000250+00:00',NULL,'');
INSERT INTO "freezes" VALUES(3,'f3','projects/acme/locations/europe-west1/migrationJobs/orders','2026-03-01T14:00:00.000250+00:00','by mistake','U-sam','2026-03-01T12:00:00.000250+00:00','2026-03-01T12:00:00.000250+00:00','U-dana');
CREATE TABLE known_jobs (
        name TEXT PRIMARY KEY, job TEXT NOT NULL, seen TEXT NOT NULL, changed TEXT NOT NULL,
        databases TEXT NOT NULL, flags TEXT NOT NULL, run INTEGER NOT NULL, job_id TEXT
            GENERATED ALWAYS AS (substr(name, instr(name, '/migrationJobs/') + 15)) VIRTUAL);
INSERT INTO "known_jobs" VALUES('projects/acme/locations/europe-west1/migrationJobs/orders','{"create_time":"2026-02-27T12:00:00.000250+00:00","destination":{"engine":"POSTGRESQL","host":"b","profile":"projects/acme/locations/europe-west1/connectionProfiles/b","provider":"ALLOYDB"},"display_name":"Orders \u2192 AlloyDB \u201cnew\u201d","duration_s":172800.5,"end_time":"2026-03-01T12:00:00.000250+00:00","error":{"code":9,"message":"wal_level must be logical \u26a0"},"labels":[["env","prod"],["team","orders"]],"name":"projects/acme/locations/europe-west1/migrationJobs/orders","parallelism":"MAX","phase":"CDC","source":{"engine":"POSTGRESQL","host":"a.example.com:5432","profile":"projects/acme/locations/europe-west1/connectionProfiles/a","provider":"RDS"},"state":"RUNNING","update_time":"2026-03-01T11:00:00.000250+00:00"}','2026-03-01T12:00:00.000250+00:00','2026-03-01T11:00:00.000250+00:00','{"app":"FAILED/CDC","crm":"RUNNING/CDC"}','["stuck","delayed"]',3);
INSERT INTO "known_jobs" VALUES('projects/acme/locations/europe-west1/migrationJobs/bare','{"create_time":"2026-03-01T12:00:00.000250+00:00","name":"projects/acme/locations/europe-west1/migrationJobs/bare","state":"STATE_17"}','2026-03-01T12:00:00.000250+00:00','2026-03-01T12:00:00.000250+00:00','{}','[]',1);
CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, kind TEXT NOT NULL,
        subject TEXT NOT NULL, "order" TEXT NOT NULL, thread_of TEXT NOT NULL,
        response_url TEXT NOT NULL, rev INTEGER NOT NULL, sent_rev INTEGER NOT NULL,
        ts TEXT NOT NULL, attempts INTEGER NOT NULL, not_before TEXT, error TEXT NOT NULL,
        created TEXT NOT NULL);
INSERT INTO "outbox" VALUES(1,'card:q1','C1','card','{"many":[1,{"a":null}],"request":"q1"}','projects/acme/locations/europe-west1/migrationJobs/orders','timeline:orders','https://hooks.slack.com/commands/1',3,2,'1772366400.000100',4,'2026-03-01T13:00:00.000250+00:00','channel_not_found','2026-03-01T12:00:00.000250+00:00');
INSERT INTO "outbox" VALUES(2,'note:q2','C2','note','{}','','','',1,0,'',0,NULL,'','2026-03-01T12:00:00.000250+00:00');
CREATE TABLE refs (
        id TEXT PRIMARY KEY, team TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL,
        digest TEXT NOT NULL UNIQUE, used TEXT NOT NULL);
INSERT INTO "refs" VALUES('jBLaePkZCOOp19lqCJnx9g','T1','job','{"name":"orders","page":2}','72def05e5cd21fa46b74794368a56f75710fb34cb2ede3dd4a4ff780bc8b91d7','2026-11-30T01:44:04.750186+00:00');
INSERT INTO "refs" VALUES('yjPOEpII_RKQTX88_Dm88w','T1','form','{"flags":["failed-only"],"verb":"restart"}','39aab9e4735b317d6399ce658f70527e5dc7cfad09bc410d74fa2b70ee33ac38','2026-11-30T01:44:04.753995+00:00');
CREATE TABLE request_jobs (job TEXT NOT NULL, request TEXT NOT NULL, PRIMARY KEY (job, request));
INSERT INTO "request_jobs" VALUES('projects/acme/locations/europe-west1/migrationJobs/orders','q1');
INSERT INTO "request_jobs" VALUES('projects/acme/locations/europe-west1/migrationJobs/bare','q1');
INSERT INTO "request_jobs" VALUES('projects/acme/locations/europe-west1/migrationJobs/bare','q2');
INSERT INTO "request_jobs" VALUES('projects/acme/locations/europe-west1/migrationJobs/bare','q3');
CREATE TABLE requests (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, action TEXT NOT NULL, options TEXT NOT NULL,
        jobs TEXT NOT NULL, databases TEXT NOT NULL, "by" TEXT NOT NULL, requester TEXT NOT NULL,
        warning TEXT NOT NULL, state TEXT NOT NULL, created TEXT NOT NULL, expires TEXT NOT NULL,
        needed INTEGER NOT NULL, rule TEXT NOT NULL, ended_by TEXT NOT NULL, note TEXT NOT NULL, ended TEXT,
        reminded INTEGER NOT NULL, parent TEXT NOT NULL, typed INTEGER NOT NULL,
        self_approval INTEGER NOT NULL, facts TEXT NOT NULL);
INSERT INTO "requests" VALUES(1,'q1','restart','{"databases":["app","crm"],"failed_only":true,"objects":{"chosen":[{"database":"app"}],"excluded":[{"database":"crm","schema":"public","table":"log","type":"TABLE"}],"selection":"SPECIFIED_OBJECTS"},"parallelism":"MIN","skip_validation":true,"stop_first":true,"with_destination":true}','[{"create_time":"2026-02-27T12:00:00.000250+00:00","destination":{"engine":"POSTGRESQL","host":"b","profile":"projects/acme/locations/europe-west1/connectionProfiles/b","provider":"ALLOYDB"},"display_name":"Orders \u2192 AlloyDB \u201cnew\u201d","duration_s":172800.5,"end_time":"2026-03-01T12:00:00.000250+00:00","error":{"code":9,"message":"wal_level must be logical \u26a0"},"labels":[["env","prod"],["team","orders"]],"name":"projects/acme/locations/europe-west1/migrationJobs/orders","parallelism":"MAX","phase":"CDC","source":{"engine":"POSTGRESQL","host":"a.example.com:5432","profile":"projects/acme/locations/europe-west1/connectionProfiles/a","provider":"RDS"},"state":"RUNNING","update_time":"2026-03-01T11:00:00.000250+00:00"},{"create_time":"2026-03-01T12:00:00.000250+00:00","name":"projects/acme/locations/europe-west1/migrationJobs/bare","state":"STATE_17"}]','{"projects/acme/locations/europe-west1/migrationJobs/bare":[],"projects/acme/locations/europe-west1/migrationJobs/orders":["app","crm"]}','{"channel":"C1","team":"T1","user":"U-dana"}','U-dana','["Everything since the dump is lost.","2 databases"]','denied','2026-03-01T12:00:00.000250+00:00','2026-03-01T13:00:00.000250+00:00',2,'production','U-sam','not on a Friday','2026-03-01T12:30:00.000250+00:00',1,'q0',1,0,'{}');
INSERT INTO "requests" VALUES(2,'q2','verify','{}','[{"create_time":"2026-03-01T12:00:00.000250+00:00","name":"projects/acme/locations/europe-west1/migrationJobs/bare","state":"STATE_17"}]','{}','{"team":"T1","user":"U-sam"}','U-sam','[]','approving','2026-03-01T12:00:00.000250+00:00','2026-03-01T13:00:00.000250+00:00',0,'','','',NULL,0,'',0,1,'{}');
INSERT INTO "requests" VALUES(3,'q3','promote','{}','[{"create_time":"2026-03-01T12:00:00.000250+00:00","name":"projects/acme/locations/europe-west1/migrationJobs/bare","state":"STATE_17"}]','{}','{"team":"T1","user":"U-dana"}','U-dana','[]','outdated','2026-03-01T12:00:00.000250+00:00','2026-03-01T13:00:00.000250+00:00',0,'','','',NULL,0,'',0,1,'{"approval_channel":"C9","at_risk":{"projects/acme/locations/europe-west1/migrationJobs/orders":["crm"]},"called":{"projects/acme/locations/europe-west1/migrationJobs/orders":"europe-west1/orders"},"changes":["\u2795 *Added*: `crm`"],"config":{"chosen":["app"],"excluded":["crm.public.log"],"selection":"SPECIFIED_OBJECTS"},"delay":{"projects/acme/locations/europe-west1/migrationJobs/bare":{"at":"2026-03-01T12:00:00.000250+00:00","seconds":0.0},"projects/acme/locations/europe-west1/migrationJobs/failed":{"at":"2026-03-01T12:00:00.000250+00:00","last":{"measured":"2026-02-28T12:00:00.000250+00:00","seconds":240.0},"note":"no access","standing":"FAILED in CDC"},"projects/acme/locations/europe-west1/migrationJobs/orders":{"at":"2026-03-01T12:00:00.000250+00:00","bytes":512.0,"measured":"2026-03-01T11:59:00.000250+00:00","measured_bytes":"2026-03-01T11:58:00.000250+00:00","partial":"changes that DMS has not begun to read are not counted","seconds":30.0}},"effect":"Both can resume.","gone":true,"restart":"ref-9","void":["U-kim"],"waits_s":3600.0}');
CREATE TABLE runs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, request TEXT NOT NULL, job TEXT NOT NULL,
        action TEXT NOT NULL, state TEXT NOT NULL, call_id TEXT NOT NULL, owner TEXT NOT NULL,
        operation TEXT NOT NULL, created TEXT, called TEXT, ended TEXT, note TEXT NOT NULL,
        "by" TEXT NOT NULL, hopeless INTEGER NOT NULL DEFAULT 0, stopped_job INTEGER);
INSERT INTO "runs" VALUES(1,'r1','q1','projects/acme/locations/europe-west1/migrationJobs/orders','restart','failed','0b9e1f6c-6f0e-4d3c-9e55-6f5f0c1d2a3b','bot-1','projects/acme/locations/europe-west1/operations/7','2026-03-01T12:00:00.000250+00:00','2026-03-01T13:00:00.000250+00:00','2026-03-01T14:00:00.000250+00:00','the source refused','U-dana',0,1);
INSERT INTO "runs" VALUES(2,'r-queued','q2','projects/acme/locations/europe-west1/migrationJobs/queued','verify','queued','','','',NULL,NULL,NULL,'','',0,NULL);
INSERT INTO "runs" VALUES(3,'r-calling','q2','projects/acme/locations/europe-west1/migrationJobs/calling','verify','calling','','','',NULL,NULL,NULL,'','',0,NULL);
INSERT INTO "runs" VALUES(4,'r-following','q2','projects/acme/locations/europe-west1/migrationJobs/following','verify','following','','','',NULL,NULL,NULL,'','',0,NULL);
INSERT INTO "runs" VALUES(5,'r-gone','q2','projects/acme/locations/europe-west1/migrationJobs/gone','verify','refused','','','',NULL,NULL,NULL,'','',1,0);
CREATE TABLE small_values (id TEXT PRIMARY KEY, content TEXT NOT NULL);
INSERT INTO "small_values" VALUES('schedule:daily','2026-03-01 — Übersicht');
CREATE TABLE watches (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, target TEXT NOT NULL, "by" TEXT NOT NULL,
        jobs TEXT NOT NULL, "only" TEXT NOT NULL, created TEXT);
INSERT INTO "watches" VALUES(1,'w1','C1','U-dana','label:env=prod','["FAILED","deleted"]','2026-03-01T12:00:00.000250+00:00');
INSERT INTO "watches" VALUES(2,'w2','U-dana','U-dana','*','[]',NULL);
CREATE TABLE webhook_deliveries (
            id INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL, format TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
            created TEXT NOT NULL, alert TEXT NOT NULL, action TEXT NOT NULL, attempts INTEGER NOT NULL,
            not_before TEXT, failing_since TEXT, outcome TEXT NOT NULL);
INSERT INTO "webhook_deliveries" VALUES(1,'siem','cloudevents','audit-1-abc','{"data":{"detail":"\u00dcbersicht"},"id":"audit-1-abc"}','2026-03-01T12:00:00.000250+00:00','','',3,'2026-03-01T13:00:00.000250+00:00','2026-03-01T12:00:00.000250+00:00','');
INSERT INTO "webhook_deliveries" VALUES(2,'pager','pagerduty','event-1-abc','{}','2026-03-01T12:00:00.000250+00:00','orders:failed','trigger',0,NULL,NULL,'');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX refs_used ON refs (used);
CREATE INDEX deliveries_at ON deliveries (at);
CREATE INDEX requests_state ON requests (state, seq);
CREATE INDEX requests_requester ON requests (requester, seq);
CREATE INDEX request_jobs_request ON request_jobs (request);
CREATE INDEX runs_request ON runs (request, seq);
CREATE INDEX runs_job ON runs (job, seq);
CREATE INDEX runs_state ON runs (state, seq);
CREATE INDEX freezes_open ON freezes (until) WHERE lifted IS NULL;
CREATE INDEX events_job ON events (job, id);
CREATE INDEX events_at ON events (at);
CREATE INDEX outbox_pending ON outbox (id) WHERE error = '' AND sent_rev < rev;
CREATE INDEX outbox_pending_order ON outbox ("order", id) WHERE error = '' AND sent_rev < rev;
CREATE INDEX outbox_pending_thread ON outbox (thread_of) WHERE error = '' AND sent_rev < rev;
CREATE INDEX outbox_created ON outbox (created);
CREATE INDEX watches_target ON watches (target);
CREATE INDEX audit_job ON audit (job, seq);
CREATE INDEX audit_user ON audit ("user", seq);
CREATE INDEX audit_request ON audit (request, seq);
CREATE INDEX audit_at ON audit (at);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit 
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit 
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_no_insert BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_head_no_update BEFORE UPDATE ON audit_head WHEN (NEW.length <> OLD.length + 1)
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head 
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE UNIQUE INDEX runs_lock ON runs (job, (action = 'cancel'))
            WHERE state IN ('queued', 'calling', 'following');
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, id) WHERE outcome = '';
CREATE INDEX webhook_deliveries_alert ON webhook_deliveries (webhook, alert, id) WHERE alert <> '';
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created);
CREATE INDEX escalations_message ON escalations (message);
CREATE INDEX escalations_open ON escalations (seq) WHERE ended IS NULL;
CREATE INDEX cutovers_state ON cutovers (state, created);
CREATE INDEX cutovers_request ON cutovers (request);
CREATE INDEX cutover_log_cutover ON cutover_log (cutover, id);
CREATE INDEX known_jobs_job_id ON known_jobs (job_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('requests',3);
INSERT INTO "sqlite_sequence" VALUES('decisions',2);
INSERT INTO "sqlite_sequence" VALUES('runs',5);
INSERT INTO "sqlite_sequence" VALUES('freezes',3);
INSERT INTO "sqlite_sequence" VALUES('events',2);
INSERT INTO "sqlite_sequence" VALUES('outbox',2);
INSERT INTO "sqlite_sequence" VALUES('watches',2);
INSERT INTO "sqlite_sequence" VALUES('webhook_deliveries',2);
INSERT INTO "sqlite_sequence" VALUES('escalations',2);
INSERT INTO "sqlite_sequence" VALUES('cutover_log',1);
COMMIT;
