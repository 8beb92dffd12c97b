#!/bin/sh
# One cycle of the daemon where no disk outlives a run: the store comes from a bucket and goes back to it.
#
# A bucket is no disk: DuckDB needs locks and writes in the middle of a file. So the store is copied into memory, worked on
# there, and its checked backup is put back as a whole. The key goes with it: restore and backup take both.
set -eu
bucket=${LOGTRIAGE_BUCKET:?names the folder where the bucket is mounted}
db=${LOGTRIAGE_DB:?names the file in memory}
if [ -e "$bucket/logtriage.duckdb" ]; then
    logtriage restore "$bucket/logtriage.duckdb"
fi
status=0
logtriage daemon --once || status=$?
logtriage backup "$bucket/logtriage.duckdb" # also after a failure: what was collected and told is kept
exit "$status"
