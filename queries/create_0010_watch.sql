-- name:    create_0010_watch
-- about:   what the daemon sees of itself; append-only. job_runs: every run of a job, written when it ends (of one that
--          was cut off there is no row). troubles: what keeps logtriage from seeing, each time it was looked at and had
--          changed, and from time to time while it lasts; a spell is all rows of a kind and subject up to one that is
--          over. No secret and no text of a log is in either
-- params:
-- columns:

create table job_runs (
    job varchar not null,
    started_at_ns bigint not null,
    ended_at_ns bigint not null,
    outcome varchar not null,
    detail varchar not null
);

create table troubles (
    kind varchar not null,
    subject varchar not null,
    seen_at_ns bigint not null,
    is_over boolean not null,
    detail varchar not null
);
