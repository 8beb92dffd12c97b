-- name:    create_origin_paths
-- about:   for the reader that asks alone: the route of each path of a time, and whether the path itself tells who asks;
--          see classifiers/origin.py.
--          Paths of one route that tell the same of it have one id; `key`: the hash of the path
-- params:  $start_ns BIGINT, $end_ns BIGINT, $health_paths VARCHAR, $odd_paths VARCHAR, $test_paths VARCHAR,
--          $variable_parts VARCHAR
-- columns:

create or replace temp table origin_paths as
select
    http_path,
    hash(http_path) as key,
    hash(route, is_health, is_odd) as id,
    route,
    is_health,
    is_odd,
    is_test
from (
    select
        http_path,
        regexp_replace(http_path, $variable_parts, '/*', 'g') as route,
        regexp_matches(http_path, $health_paths) as is_health,
        regexp_matches(http_path, $odd_paths) as is_odd,
        regexp_matches(http_path, $test_paths) as is_test
    from (
        select coalesce(http_path, '') as http_path
        from entries
        where log = 'requests' and at_ns >= $start_ns and at_ns < $end_ns
        union
        select coalesce(http_path, http_route, '') as http_path
        from spans
        where kind in (2, 5) and start_ns >= $start_ns and start_ns < $end_ns
    ) as distinct_paths
) as told
