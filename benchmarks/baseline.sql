-- name:    baseline
-- about:   what DuckDB alone does with the file: LogEntry lines into one table, columns given, nested
--          parts kept as JSON (structs are slower), then a checkpoint
-- params:  $file VARCHAR
-- columns:

create table entries as
select
    "insertId",
    "timestamp",
    "receiveTimestamp",
    "severity",
    "logName",
    "resource",
    "labels",
    "textPayload",
    "jsonPayload",
    "protoPayload",
    "httpRequest",
    "trace",
    "spanId",
    "errorGroups"
from read_json(
    $file,
    format = 'newline_delimited',
    columns = {
        "insertId": 'VARCHAR',
        "timestamp": 'VARCHAR',
        "receiveTimestamp": 'VARCHAR',
        "severity": 'VARCHAR',
        "logName": 'VARCHAR',
        "resource": 'JSON',
        "labels": 'JSON',
        "textPayload": 'VARCHAR',
        "jsonPayload": 'JSON',
        "protoPayload": 'JSON',
        "httpRequest": 'JSON',
        "trace": 'VARCHAR',
        "spanId": 'VARCHAR',
        "errorGroups": 'JSON'
    }
);

checkpoint;
