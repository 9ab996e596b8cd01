SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.audit_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.audit (
    seq bigint NOT NULL,
    at text NOT NULL,
    event text NOT NULL,
    "user" text NOT NULL,
    team text NOT NULL,
    channel text NOT NULL,
    action text NOT NULL,
    job text NOT NULL,
    job_create_time text NOT NULL,
    job_status text NOT NULL,
    request text NOT NULL,
    run text NOT NULL,
    operation text NOT NULL,
    detail text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL
);
CREATE TABLE public.audit_head (
    one bigint NOT NULL,
    length bigint NOT NULL,
    hash text NOT NULL,
    CONSTRAINT audit_head_one_check CHECK ((one = 1))
);
CREATE TABLE public.cutover_jobs (
    job text NOT NULL,
    cutover text NOT NULL
);
CREATE TABLE public.cutover_log (
    id bigint NOT NULL,
    cutover text NOT NULL,
    at text NOT NULL,
    event text NOT NULL,
    "user" text NOT NULL,
    job text NOT NULL,
    text text NOT NULL
);
ALTER TABLE public.cutover_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.cutover_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.cutovers (
    id text NOT NULL,
    team text NOT NULL,
    by text NOT NULL,
    state text NOT NULL,
    plan text NOT NULL,
    created text NOT NULL,
    since text NOT NULL,
    request text NOT NULL,
    rehearsal bigint NOT NULL,
    rehearsed text,
    progress text NOT NULL,
    ended text,
    rev bigint NOT NULL
);
CREATE TABLE public.decisions (
    seq bigint NOT NULL,
    request text NOT NULL,
    "user" text NOT NULL,
    approve bigint NOT NULL,
    reason text NOT NULL,
    at text NOT NULL,
    channel text
);
ALTER TABLE public.decisions ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.decisions_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.deliveries (
    id text NOT NULL,
    at text NOT NULL
);
CREATE TABLE public.escalations (
    seq bigint NOT NULL,
    id text NOT NULL,
    rule text NOT NULL,
    channel text NOT NULL,
    "group" text NOT NULL,
    message text NOT NULL,
    events text NOT NULL,
    repeat_s bigint NOT NULL,
    started text NOT NULL,
    next_at text,
    repeats bigint NOT NULL,
    ended text,
    acknowledged_by text NOT NULL
);
ALTER TABLE public.escalations ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.escalations_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.events (
    id bigint NOT NULL,
    job text NOT NULL,
    create_time text NOT NULL,
    at text NOT NULL,
    kind text NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    detail text NOT NULL,
    by text NOT NULL
);
ALTER TABLE public.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.freezes (
    seq bigint NOT NULL,
    id text NOT NULL,
    job text NOT NULL,
    until text NOT NULL,
    reason text NOT NULL,
    by text NOT NULL,
    created text NOT NULL,
    lifted text,
    lifted_by text NOT NULL
);
ALTER TABLE public.freezes ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.freezes_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.known_jobs (
    name text NOT NULL,
    job text NOT NULL,
    seen text NOT NULL,
    changed text NOT NULL,
    databases text NOT NULL,
    flags text NOT NULL,
    run bigint NOT NULL,
    job_id text GENERATED ALWAYS AS (split_part(name, '/migrationJobs/'::text, 2)) STORED
);
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    key text NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    "order" text NOT NULL,
    thread_of text NOT NULL,
    response_url text NOT NULL,
    rev bigint NOT NULL,
    sent_rev bigint NOT NULL,
    ts text NOT NULL,
    attempts bigint NOT NULL,
    not_before text,
    error text NOT NULL,
    created text NOT NULL
);
ALTER TABLE public.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.refs (
    id text NOT NULL,
    team text NOT NULL,
    kind text NOT NULL,
    data text NOT NULL,
    digest text NOT NULL,
    used text NOT NULL
);
CREATE TABLE public.request_jobs (
    job text NOT NULL,
    request text NOT NULL
);
CREATE TABLE public.requests (
    seq bigint NOT NULL,
    id text NOT NULL,
    action text NOT NULL,
    options text NOT NULL,
    jobs text NOT NULL,
    databases text NOT NULL,
    by text NOT NULL,
    requester text NOT NULL,
    warning text NOT NULL,
    state text NOT NULL,
    created text NOT NULL,
    expires text NOT NULL,
    needed bigint NOT NULL,
    rule text NOT NULL,
    ended_by text NOT NULL,
    note text NOT NULL,
    ended text,
    reminded bigint NOT NULL,
    parent text NOT NULL,
    typed bigint NOT NULL,
    self_approval bigint NOT NULL,
    facts text NOT NULL
);
ALTER TABLE public.requests ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.requests_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.runs (
    seq bigint NOT NULL,
    id text NOT NULL,
    request text NOT NULL,
    job text NOT NULL,
    action text NOT NULL,
    state text NOT NULL,
    call_id text NOT NULL,
    owner text NOT NULL,
    operation text NOT NULL,
    created text,
    called text,
    ended text,
    note text NOT NULL,
    by text NOT NULL,
    hopeless bigint DEFAULT 0 NOT NULL,
    stopped_job bigint
);
ALTER TABLE public.runs ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.runs_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.schema_migrations (
    name text NOT NULL,
    applied timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.small_values (
    id text NOT NULL,
    content text NOT NULL
);
CREATE TABLE public.watches (
    seq bigint NOT NULL,
    id text NOT NULL,
    target text NOT NULL,
    by text NOT NULL,
    jobs text NOT NULL,
    "only" text NOT NULL,
    created text
);
ALTER TABLE public.watches ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.watches_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.webhook_deliveries (
    id bigint NOT NULL,
    webhook text NOT NULL,
    format text NOT NULL,
    event text NOT NULL,
    body text NOT NULL,
    created text NOT NULL,
    alert text NOT NULL,
    action text NOT NULL,
    attempts bigint NOT NULL,
    not_before text,
    failing_since text,
    outcome text NOT NULL
);
ALTER TABLE public.webhook_deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhook_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO public.audit VALUES (1, '2026-03-01T12:00:00.000250+00:00', 'requested', 'U-dana', 'T1', 'C1', 'restart', 'projects/acme/locations/europe-west1/migrationJobs/orders', '2026-02-27T12:00:00+00:00', 'RUNNING/CDC', 'q1', 'r1', 'projects/acme/locations/europe-west1/operations/7', '“quoted” ''twice''', '', '86a8be6c548e17f69310880f3bee5ccabdd8766a9b65b5320142beb94c43d594');
INSERT INTO public.audit VALUES (2, '2026-03-01T13:00:00.000250+00:00', 'frozen', '', '', '', '', '', '', '', '', '', '', '', '86a8be6c548e17f69310880f3bee5ccabdd8766a9b65b5320142beb94c43d594', 'e90f8fd77ef1effceec179f652eba8a53853b8a208a586ead250099ea24397e7');
INSERT INTO public.audit_head VALUES (1, 2, 'e90f8fd77ef1effceec179f652eba8a53853b8a208a586ead250099ea24397e7');
INSERT INTO public.cutover_jobs VALUES ('projects/acme/locations/europe-west1/migrationJobs/orders', 'v1');
INSERT INTO public.cutover_jobs VALUES ('projects/acme/locations/europe-west1/migrationJobs/bare', 'v2');
INSERT INTO public.cutover_log OVERRIDING SYSTEM VALUE VALUES (1, 'v1', '2026-03-01T12:00:00.000250+00:00', 'stopped', 'U-sam', 'projects/acme/locations/europe-west1/migrationJobs/orders', '“checkout” is off');
INSERT INTO public.cutovers VALUES ('v1', 'T1', '{"channel":"C1","team":"T1","user":"U-dana"}', 'draining', '{"app_owner":"U-sam","at":"2026-03-01T12:00:00.000250+00:00","channel":"C1","commander":"U-dana","jobs":["projects/acme/locations/europe-west1/migrationJobs/orders"],"shown":{"projects/acme/locations/europe-west1/migrationJobs/orders":"europe-west1/orders"},"writers":["checkout"],"zone":"Europe/Berlin"}', '2026-03-01T11:00:00.000250+00:00', '2026-03-01T12:00:00.000250+00:00', 'q1', 0, '2026-02-27T12:00:00.000250+00:00', '{"here":{"U-dana":"2026-03-01T12:00:00.000250+00:00"},"samples":[{"at":"2026-03-01T12:00:00.000250+00:00","bytes":0.0,"database":"app","job":"projects/acme/locations/europe-west1/migrationJobs/orders","seconds":0.0,"zeros":2}],"stopped":"2026-03-01T12:00:00.000250+00:00","stopped_by":"U-sam","writers":[{"at":"2026-03-01T12:00:00.000250+00:00","by":"U-sam","text":"checkout"}]}', NULL, 7);
INSERT INTO public.cutovers VALUES ('v2', 'T1', '{"team":"T1","user":"U-sam"}', 'done', '{"jobs":["projects/acme/locations/europe-west1/migrationJobs/bare"]}', '2026-03-01T10:00:00.000250+00:00', '2026-03-01T12:00:00.000250+00:00', '', 1, NULL, '{}', '2026-03-01T12:00:00.000250+00:00', 1);
INSERT INTO public.decisions OVERRIDING SYSTEM VALUE VALUES (1, 'q1', 'U-sam', 0, 'not on a Friday', '2026-03-01T12:00:00.000250+00:00', 'C1');
INSERT INTO public.decisions OVERRIDING SYSTEM VALUE VALUES (2, 'q1', 'U-kim', 1, '', '2026-03-01T13:00:00.000250+00:00', '');
INSERT INTO public.deliveries VALUES ('Ev1', '2026-03-01T12:00:00.000250+00:00');
INSERT INTO public.escalations OVERRIDING SYSTEM VALUE VALUES (1, 'x1', 'production', 'C1', '@dba-team', 'alert:1:C1', '[1,2]', 900, '2026-03-01T12:00:00.000250+00:00', '2026-03-01T13:00:00.000250+00:00', 2, NULL, '');
INSERT INTO public.escalations OVERRIDING SYSTEM VALUE VALUES (2, 'x2', 'Übersicht', 'C1', 'S1', 'alert:2:C1', '[]', 0, '2026-03-01T12:00:00.000250+00:00', NULL, 0, '2026-03-01T12:00:00.000250+00:00', 'U-sam');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (1, 'projects/acme/locations/europe-west1/migrationJobs/orders', '2026-02-27T12:00:00.000250+00:00', '2026-03-01T12:00:00.000250+00:00', 'changed', 'STARTING', 'RUNNING/CDC', 'by hand', 'outside');
INSERT INTO public.events OVERRIDING SYSTEM VALUE VALUES (2, 'projects/acme/locations/europe-west1/migrationJobs/bare', '2026-03-01T12:00:00.000250+00:00', '2026-03-01T12:00:00.000250+00:00', 'created', '', '', '', '');
INSERT INTO public.freezes OVERRIDING SYSTEM VALUE VALUES (1, 'f1', '*', '2026-03-01T13:00:00.000250+00:00', 'sale', 'U-sam', '2026-03-01T12:00:00.000250+00:00', NULL, '');
INSERT INTO public.freezes OVERRIDING SYSTEM VALUE VALUES (2, 'f2', 'projects/acme/locations/europe-west1/migrationJobs/orders', '2026-03-01T14:00:00.000250+00:00', 'audit', 'U-sam', '2026-03-01T12:00:00.000250+00:00', NULL, '');
INSERT INTO public.freezes OVERRIDING SYSTEM VALUE VALUES (3, 'f3', 'projects/acme/locations/europe-west1/migrationJobs/orders', '2026-03-01T14:00:00.000250+00:00', 'by mistake', 'U-sam', '2026-03-01T12:00:00.000250+00:00', '2026-03-01T12:00:00.000250+00:00', 'U-dana');
INSERT INTO public.known_jobs VALUES ('projects/acme/locations/europe-west1/migrationJobs/orders', '{"create_time":"2026-02-27T12:00:00.000250+00:00","destination":{"engine":"POSTGRESQL","host":"b","profile":"projects/acme/locations/europe-west1/connectionProfiles/b","provider":"ALLOYDB"},"display_name":"Orders \u2192 AlloyDB \u201cnew\u201d","duration_s":172800.5,"end_time":"2026-03-01T12:00:00.000250+00:00","error":{"code":9,"message":"wal_level must be logical \u26a0"},"labels":[["env","prod"],["team","orders"]],"name":"projects/acme/locations/europe-west1/migrationJobs/orders","parallelism":"MAX","phase":"CDC","source":{"engine":"POSTGRESQL","host":"a.example.com:5432","profile":"projects/acme/locations/europe-west1/connectionProfiles/a","provider":"RDS"},"state":"RUNNING","update_time":"2026-03-01T11:00:00.000250+00:00"}', '2026-03-01T12:00:00.000250+00:00', '2026-03-01T11:00:00.000250+00:00', '{"app":"FAILED/CDC","crm":"RUNNING/CDC"}', '["stuck","delayed"]', 3, DEFAULT);
INSERT INTO public.known_jobs VALUES ('projects/acme/locations/europe-west1/migrationJobs/bare', '{"create_time":"2026-03-01T12:00:00.000250+00:00","name":"projects/acme/locations/europe-west1/migrationJobs/bare","state":"STATE_17"}', '2026-03-01T12:00:00.000250+00:00', '2026-03-01T12:00:00.000250+00:00', '{}', '[]', 1, DEFAULT);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (1, 'card:q1', 'C1', 'card', '{"many":[1,{"a":null}],"request":"q1"}', 'projects/acme/locations/europe-west1/migrationJobs/orders', 'timeline:orders', 'https://hooks.slack.com/commands/1', 3, 2, '1772366400.000100', 4, '2026-03-01T13:00:00.000250+00:00', 'channel_not_found', '2026-03-01T12:00:00.000250+00:00');
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (2, 'note:q2', 'C2', 'note', '{}', '', '', '', 1, 0, '', 0, NULL, '', '2026-03-01T12:00:00.000250+00:00');
INSERT INTO public.refs VALUES ('bFa_wDjz9bwkpUaQfPSq0Q', 'T1', 'job', '{"name":"orders","page":2}', '72def05e5cd21fa46b74794368a56f75710fb34cb2ede3dd4a4ff780bc8b91d7', '2026-11-30T01:44:05.445506+00:00');
INSERT INTO public.refs VALUES ('Hh9az33RodiciUSA5ByexQ', 'T1', 'form', '{"flags":["failed-only"],"verb":"restart"}', '39aab9e4735b317d6399ce658f70527e5dc7cfad09bc410d74fa2b70ee33ac38', '2026-11-30T01:44:05.446583+00:00');
INSERT INTO public.request_jobs VALUES ('projects/acme/locations/europe-west1/migrationJobs/orders', 'q1');
INSERT INTO public.request_jobs VALUES ('projects/acme/locations/europe-west1/migrationJobs/bare', 'q1');
INSERT INTO public.request_jobs VALUES ('projects/acme/locations/europe-west1/migrationJobs/bare', 'q2');
INSERT INTO public.request_jobs VALUES ('projects/acme/locations/europe-west1/migrationJobs/bare', 'q3');
INSERT INTO public.requests OVERRIDING SYSTEM VALUE VALUES (1, 'q1', 'restart', '{"databases":["app","crm"],"failed_only":true,"objects":{"chosen":[{"database":"app"}],"excluded":[{"database":"crm","schema":"public","table":"log","type":"TABLE"}],"selection":"SPECIFIED_OBJECTS"},"parallelism":"MIN","skip_validation":true,"stop_first":true,"with_destination":true}', '[{"create_time":"2026-02-27T12:00:00.000250+00:00","destination":{"engine":"POSTGRESQL","host":"b","profile":"projects/acme/locations/europe-west1/connectionProfiles/b","provider":"ALLOYDB"},"display_name":"Orders \u2192 AlloyDB \u201cnew\u201d","duration_s":172800.5,"end_time":"2026-03-01T12:00:00.000250+00:00","error":{"code":9,"message":"wal_level must be logical \u26a0"},"labels":[["env","prod"],["team","orders"]],"name":"projects/acme/locations/europe-west1/migrationJobs/orders","parallelism":"MAX","phase":"CDC","source":{"engine":"POSTGRESQL","host":"a.example.com:5432","profile":"projects/acme/locations/europe-west1/connectionProfiles/a","provider":"RDS"},"state":"RUNNING","update_time":"2026-03-01T11:00:00.000250+00:00"},{"create_time":"2026-03-01T12:00:00.000250+00:00","name":"projects/acme/locations/europe-west1/migrationJobs/bare","state":"STATE_17"}]', '{"projects/acme/locations/europe-west1/migrationJobs/bare":[],"projects/acme/locations/europe-west1/migrationJobs/orders":["app","crm"]}', '{"channel":"C1","team":"T1","user":"U-dana"}', 'U-dana', '["Everything since the dump is lost.","2 databases"]', 'denied', '2026-03-01T12:00:00.000250+00:00', '2026-03-01T13:00:00.000250+00:00', 2, 'production', 'U-sam', 'not on a Friday', '2026-03-01T12:30:00.000250+00:00', 1, 'q0', 1, 0, '{}');
INSERT INTO public.requests OVERRIDING SYSTEM VALUE VALUES (2, 'q2', 'verify', '{}', '[{"create_time":"2026-03-01T12:00:00.000250+00:00","name":"projects/acme/locations/europe-west1/migrationJobs/bare","state":"STATE_17"}]', '{}', '{"team":"T1","user":"U-sam"}', 'U-sam', '[]', 'approving', '2026-03-01T12:00:00.000250+00:00', '2026-03-01T13:00:00.000250+00:00', 0, '', '', '', NULL, 0, '', 0, 1, '{}');
INSERT INTO public.requests OVERRIDING SYSTEM VALUE VALUES (3, 'q3', 'promote', '{}', '[{"create_time":"2026-03-01T12:00:00.000250+00:00","name":"projects/acme/locations/europe-west1/migrationJobs/bare","state":"STATE_17"}]', '{}', '{"team":"T1","user":"U-dana"}', 'U-dana', '[]', 'outdated', '2026-03-01T12:00:00.000250+00:00', '2026-03-01T13:00:00.000250+00:00', 0, '', '', '', NULL, 0, '', 0, 1, '{"approval_channel":"C9","at_risk":{"projects/acme/locations/europe-west1/migrationJobs/orders":["crm"]},"called":{"projects/acme/locations/europe-west1/migrationJobs/orders":"europe-west1/orders"},"changes":["\u2795 *Added*: `crm`"],"config":{"chosen":["app"],"excluded":["crm.public.log"],"selection":"SPECIFIED_OBJECTS"},"delay":{"projects/acme/locations/europe-west1/migrationJobs/bare":{"at":"2026-03-01T12:00:00.000250+00:00","seconds":0.0},"projects/acme/locations/europe-west1/migrationJobs/failed":{"at":"2026-03-01T12:00:00.000250+00:00","last":{"measured":"2026-02-28T12:00:00.000250+00:00","seconds":240.0},"note":"no access","standing":"FAILED in CDC"},"projects/acme/locations/europe-west1/migrationJobs/orders":{"at":"2026-03-01T12:00:00.000250+00:00","bytes":512.0,"measured":"2026-03-01T11:59:00.000250+00:00","measured_bytes":"2026-03-01T11:58:00.000250+00:00","partial":"changes that DMS has not begun to read are not counted","seconds":30.0}},"effect":"Both can resume.","gone":true,"restart":"ref-9","void":["U-kim"],"waits_s":3600.0}');
INSERT INTO public.runs OVERRIDING SYSTEM VALUE VALUES (1, 'r1', 'q1', 'projects/acme/locations/europe-west1/migrationJobs/orders', 'restart', 'failed', '0b9e1f6c-6f0e-4d3c-9e55-6f5f0c1d2a3b', 'bot-1', 'projects/acme/locations/europe-west1/operations/7', '2026-03-01T12:00:00.000250+00:00', '2026-03-01T13:00:00.000250+00:00', '2026-03-01T14:00:00.000250+00:00', 'the source refused', 'U-dana', 0, 1);
INSERT INTO public.runs OVERRIDING SYSTEM VALUE VALUES (2, 'r-queued', 'q2', 'projects/acme/locations/europe-west1/migrationJobs/queued', 'verify', 'queued', '', '', '', NULL, NULL, NULL, '', '', 0, NULL);
INSERT INTO public.runs OVERRIDING SYSTEM VALUE VALUES (3, 'r-calling', 'q2', 'projects/acme/locations/europe-west1/migrationJobs/calling', 'verify', 'calling', '', '', '', NULL, NULL, NULL, '', '', 0, NULL);
INSERT INTO public.runs OVERRIDING SYSTEM VALUE VALUES (4, 'r-following', 'q2', 'projects/acme/locations/europe-west1/migrationJobs/following', 'verify', 'following', '', '', '', NULL, NULL, NULL, '', '', 0, NULL);
INSERT INTO public.runs OVERRIDING SYSTEM VALUE VALUES (5, 'r-gone', 'q2', 'projects/acme/locations/europe-west1/migrationJobs/gone', 'verify', 'refused', '', '', '', NULL, NULL, NULL, '', '', 1, 0);
INSERT INTO public.schema_migrations VALUES ('0001 first tables', '2026-11-30 01:44:05.352022+00');
INSERT INTO public.schema_migrations VALUES ('0002 hopeless runs', '2026-11-30 01:44:05.352022+00');
INSERT INTO public.schema_migrations VALUES ('0003 decision channels and stopped jobs', '2026-11-30 01:44:05.352022+00');
INSERT INTO public.schema_migrations VALUES ('0004 a lock of its own for cancels', '2026-11-30 01:44:05.352022+00');
INSERT INTO public.schema_migrations VALUES ('0005 webhooks', '2026-11-30 01:44:05.352022+00');
INSERT INTO public.schema_migrations VALUES ('0006 escalations', '2026-11-30 01:44:05.352022+00');
INSERT INTO public.schema_migrations VALUES ('0007 cutovers', '2026-11-30 01:44:05.352022+00');
INSERT INTO public.schema_migrations VALUES ('0008 IDs of known jobs', '2026-11-30 01:44:05.352022+00');
INSERT INTO public.small_values VALUES ('schedule:daily', '2026-03-01 — Übersicht');
INSERT INTO public.watches OVERRIDING SYSTEM VALUE VALUES (1, 'w1', 'C1', 'U-dana', 'label:env=prod', '["FAILED","deleted"]', '2026-03-01T12:00:00.000250+00:00');
INSERT INTO public.watches OVERRIDING SYSTEM VALUE VALUES (2, 'w2', 'U-dana', 'U-dana', '*', '[]', NULL);
INSERT INTO public.webhook_deliveries OVERRIDING SYSTEM VALUE VALUES (1, 'siem', 'cloudevents', 'audit-1-abc', '{"data":{"detail":"\u00dcbersicht"},"id":"audit-1-abc"}', '2026-03-01T12:00:00.000250+00:00', '', '', 3, '2026-03-01T13:00:00.000250+00:00', '2026-03-01T12:00:00.000250+00:00', '');
INSERT INTO public.webhook_deliveries OVERRIDING SYSTEM VALUE VALUES (2, 'pager', 'pagerduty', 'event-1-abc', '{}', '2026-03-01T12:00:00.000250+00:00', 'orders:failed', 'trigger', 0, NULL, NULL, '');
SELECT pg_catalog.setval('public.cutover_log_id_seq', 1, true);
SELECT pg_catalog.setval('public.decisions_seq_seq', 2, true);
SELECT pg_catalog.setval('public.escalations_seq_seq', 2, true);
SELECT pg_catalog.setval('public.events_id_seq', 2, true);
SELECT pg_catalog.setval('public.freezes_seq_seq', 3, true);
SELECT pg_catalog.setval('public.outbox_id_seq', 2, true);
SELECT pg_catalog.setval('public.requests_seq_seq', 3, true);
SELECT pg_catalog.setval('public.runs_seq_seq', 5, true);
SELECT pg_catalog.setval('public.watches_seq_seq', 2, true);
SELECT pg_catalog.setval('public.webhook_deliveries_id_seq', 2, true);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (one);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.cutover_jobs
    ADD CONSTRAINT cutover_jobs_pkey PRIMARY KEY (job, cutover);
ALTER TABLE ONLY public.cutover_log
    ADD CONSTRAINT cutover_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.cutovers
    ADD CONSTRAINT cutovers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT decisions_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT decisions_request_user_key UNIQUE (request, "user");
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.escalations
    ADD CONSTRAINT escalations_id_key UNIQUE (id);
ALTER TABLE ONLY public.escalations
    ADD CONSTRAINT escalations_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.freezes
    ADD CONSTRAINT freezes_id_key UNIQUE (id);
ALTER TABLE ONLY public.freezes
    ADD CONSTRAINT freezes_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.known_jobs
    ADD CONSTRAINT known_jobs_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_key_key UNIQUE (key);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.refs
    ADD CONSTRAINT refs_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.refs
    ADD CONSTRAINT refs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.request_jobs
    ADD CONSTRAINT request_jobs_pkey PRIMARY KEY (job, request);
ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_id_key UNIQUE (id);
ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_id_key UNIQUE (id);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.small_values
    ADD CONSTRAINT small_values_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.watches
    ADD CONSTRAINT watches_id_key UNIQUE (id);
ALTER TABLE ONLY public.watches
    ADD CONSTRAINT watches_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);
CREATE INDEX audit_at ON public.audit USING btree (at);
CREATE INDEX audit_job ON public.audit USING btree (job, seq);
CREATE INDEX audit_request ON public.audit USING btree (request, seq);
CREATE INDEX audit_user ON public.audit USING btree ("user", seq);
CREATE INDEX cutover_log_cutover ON public.cutover_log USING btree (cutover, id);
CREATE INDEX cutovers_request ON public.cutovers USING btree (request);
CREATE INDEX cutovers_state ON public.cutovers USING btree (state, created);
CREATE INDEX deliveries_at ON public.deliveries USING btree (at);
CREATE INDEX escalations_message ON public.escalations USING btree (message);
CREATE INDEX escalations_open ON public.escalations USING btree (seq) WHERE (ended IS NULL);
CREATE INDEX events_at ON public.events USING btree (at);
CREATE INDEX events_job ON public.events USING btree (job, id);
CREATE INDEX freezes_open ON public.freezes USING btree (until) WHERE (lifted IS NULL);
CREATE INDEX known_jobs_job_id ON public.known_jobs USING btree (job_id);
CREATE INDEX outbox_created ON public.outbox USING btree (created);
CREATE INDEX outbox_pending ON public.outbox USING btree (id) WHERE ((error = ''::text) AND (sent_rev < rev));
CREATE INDEX outbox_pending_order ON public.outbox USING btree ("order", id) WHERE ((error = ''::text) AND (sent_rev < rev));
CREATE INDEX outbox_pending_thread ON public.outbox USING btree (thread_of) WHERE ((error = ''::text) AND (sent_rev < rev));
CREATE INDEX refs_used ON public.refs USING btree (used);
CREATE INDEX request_jobs_request ON public.request_jobs USING btree (request);
CREATE INDEX requests_requester ON public.requests USING btree (requester, seq);
CREATE INDEX requests_state ON public.requests USING btree (state, seq);
CREATE INDEX runs_job ON public.runs USING btree (job, seq);
CREATE UNIQUE INDEX runs_lock ON public.runs USING btree (job, ((action = 'cancel'::text))) WHERE (state = ANY (ARRAY['queued'::text, 'calling'::text, 'following'::text]));
CREATE INDEX runs_request ON public.runs USING btree (request, seq);
CREATE INDEX runs_state ON public.runs USING btree (state, seq);
CREATE INDEX watches_target ON public.watches USING btree (target);
CREATE INDEX webhook_deliveries_alert ON public.webhook_deliveries USING btree (webhook, alert, id) WHERE (alert <> ''::text);
CREATE INDEX webhook_deliveries_created ON public.webhook_deliveries USING btree (created);
CREATE INDEX webhook_deliveries_waiting ON public.webhook_deliveries USING btree (webhook, id) WHERE (outcome = ''::text);
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON public.audit_head FOR EACH ROW EXECUTE FUNCTION public.audit_is_append_only();
CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON public.audit_head FOR EACH STATEMENT EXECUTE FUNCTION public.audit_is_append_only();
CREATE TRIGGER audit_head_no_update BEFORE UPDATE ON public.audit_head FOR EACH ROW WHEN ((new.length <> (old.length + 1))) EXECUTE FUNCTION public.audit_is_append_only();
CREATE TRIGGER audit_no_delete BEFORE DELETE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.audit_is_append_only();
CREATE TRIGGER audit_no_update BEFORE UPDATE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.audit_is_append_only();
