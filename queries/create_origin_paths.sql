-- name:    create_origin_paths
-- about:   for the reader that asks alone: the route of each path that requests of a time are known by (see
--          create_request_lines), and whether it tells who asks; see classifiers/origin.py.
--          Paths of one route that tell the same of it have one id; `key`: the hash of the path
-- params:  $start_ns BIGINT, $end_ns BIGINT, $health_paths VARCHAR, $odd_paths VARCHAR, $test_paths VARCHAR,
--          $variable_parts VARCHAR
-- columns:

create or replace temp table origin_paths as
select
    path,
    hash(path) as key,
    hash(route, is_health, is_odd) as id,
    route,
    is_health,
    is_odd,
    is_test
from (
    select
        path,
        regexp_replace(path, $variable_parts, '/*', 'g') as route,
        regexp_matches(path, $health_paths) as is_health,
        regexp_matches(path, $odd_paths) as is_odd,
        regexp_matches(path, $test_paths) as is_test
    from (
        select path
        from request_lines
        where at_ns >= $start_ns and at_ns < $end_ns
        union
        select coalesce(http_path, http_route, '') as path
        from spans
        where kind in (2, 5) and start_ns >= $start_ns and start_ns < $end_ns
    ) as distinct_paths
) as told
