-- name:    find_delivery_spells
-- about:   tries of each channel that is still looked for that ended alike, one after the other; `waiting`: messages that
--          are not delivered at the end
-- params:  $since_ns BIGINT, $end_ns BIGINT
-- needs:   deliveries
-- columns: channel VARCHAR, is_done BOOLEAN, tries BIGINT, began_ns BIGINT, ended_ns BIGINT, outcome VARCHAR, detail VARCHAR,
--          waiting BIGINT

with looked as (
    select
        channel,
        max(look_ns) as last_ns
    from digest_looks
    where look_ns < $end_ns
    group by channel
),
kept as (
    select channel
    from looked
    where last_ns >= (select max(last_ns) from looked) - 3_600_000_000_000
),
told as (
    select
        channel,
        at_ns,
        outcome,
        detail,
        outcome in ('done', 'superseded') as is_done
    from deliveries
    where
        at_ns >= $since_ns
        and at_ns < $end_ns
        and outcome in ('done', 'retry', 'refused', 'uncertain')
        and channel in (select channel from kept)
),
marked as (
    select
        *,
        is_done is distinct from lag(is_done) over (partition by channel order by at_ns, is_done) as is_turn
    from told
),
numbered as (
    select
        *,
        count_if(is_turn) over (partition by channel order by at_ns, is_done rows unbounded preceding) as spell
    from marked
),
ended as (
    select distinct delivery_id
    from deliveries
    where step = '' and at_ns < $end_ns
),
left_over as (
    select
        outbox.channel,
        count(*) as waiting
    from outbox
    anti join ended using (delivery_id)
    where outbox.made_at_ns < $end_ns
    group by outbox.channel
)
select
    numbered.channel,
    numbered.is_done,
    count(*) as tries,
    min(numbered.at_ns) as began_ns,
    max(numbered.at_ns) as ended_ns,
    arg_max(numbered.outcome, numbered.at_ns) as outcome,
    arg_max(numbered.detail, numbered.at_ns) as detail,
    coalesce(any_value(left_over.waiting), 0) as waiting
from numbered
left join left_over on left_over.channel = numbered.channel
group by numbered.channel, numbered.is_done, numbered.spell
order by numbered.channel, began_ns
