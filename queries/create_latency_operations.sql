-- name:    create_latency_operations
-- about:   for the reader that asks alone: the names behind latency_rows, with numbers for operations and revisions in the
--          order of their names. Needs create_latency_counts
-- params:
-- columns:

create or replace temp table latency_operations as
with present as (
    select distinct
        is_span,
        pair
    from latency_counts
),
named as (
    select
        present.is_span,
        present.pair,
        places.project,
        places.service,
        'requests' as source,
        places.http_method || ' ' || routes.route as operation,
        places.revision
    from present
    join request_places as places
        on present.pair >> 32 = places.id
    join origin_routes as routes
        on present.pair & 4_294_967_295 = routes.number
    where not present.is_span
    union all
    select distinct
        true as is_span,
        pair,
        project,
        service,
        'spans' as source,
        operation,
        revision
    from latency_spans
)
select
    is_span,
    pair,
    project,
    service,
    source,
    operation,
    revision,
    cast(dense_rank() over (order by project, service, source, operation) - 1 as integer) as operation_id,
    cast(dense_rank() over (order by revision) - 1 as integer) as revision_id
from named
