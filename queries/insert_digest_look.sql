-- name:    insert_digest_look
-- about:   that a channel was looked for at an instant
-- params:  $channel VARCHAR, $look_ns BIGINT
-- columns:

insert into digest_looks
select
    $channel,
    $look_ns
where not exists (from digest_looks where channel = $channel and look_ns = $look_ns)
