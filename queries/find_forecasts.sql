-- name:    find_forecasts
-- about:   what was told before an instant, the oldest first
-- params:  $end_ns BIGINT
-- needs:   forecasts
-- columns: forecast_id VARCHAR, episode_id VARCHAR, project VARCHAR, cluster_id VARCHAR, service VARCHAR,
--          signature_ids VARCHAR[], cause VARCHAR, blamed_service VARCHAR, revision VARCHAR, good_revision VARCHAR,
--          change_type VARCHAR, change_name VARCHAR, also_changed VARCHAR[], confidence DOUBLE, basis VARCHAR,
--          rivals VARCHAR, onset_ns BIGINT, earliest_ns BIGINT, latest_ns BIGINT, unit VARCHAR, units BIGINT,
--          state VARCHAR, rules INTEGER, model INTEGER, made_at_ns BIGINT, made_by VARCHAR

select
    forecast_id,
    episode_id,
    project,
    cluster_id,
    service,
    signature_ids,
    cause,
    blamed_service,
    revision,
    good_revision,
    change_type,
    change_name,
    also_changed,
    confidence,
    basis,
    rivals,
    onset_ns,
    earliest_ns,
    latest_ns,
    unit,
    units,
    state,
    rules,
    model,
    made_at_ns,
    made_by
from forecasts
where made_at_ns < $end_ns
order by made_at_ns, forecast_id
