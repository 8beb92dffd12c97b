-- name:    insert_forecasts
-- about:   the rows of the relation `fresh` that are not stored yet
-- params:
-- columns:

insert into forecasts
select
    fresh.forecast_id,
    fresh.episode_id,
    fresh.project,
    fresh.cluster_id,
    fresh.service,
    fresh.signature_ids,
    fresh.cause,
    fresh.blamed_service,
    fresh.revision,
    fresh.good_revision,
    fresh.change_type,
    fresh.change_name,
    fresh.also_changed,
    fresh.confidence,
    fresh.basis,
    fresh.rivals,
    fresh.onset_ns,
    fresh.earliest_ns,
    fresh.latest_ns,
    fresh.unit,
    fresh.units,
    fresh.state,
    fresh.rules,
    fresh.model,
    fresh.made_at_ns,
    fresh.made_by
from fresh
anti join forecasts using (forecast_id, made_at_ns)
