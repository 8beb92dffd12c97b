-- name:    delete_old_looks
-- about:   when a channel was looked for before a time, but for the last of each
-- params:  $before_ns BIGINT
-- columns:

delete from digest_looks
where
    look_ns < $before_ns
    and look_ns < (select max(later.look_ns) from digest_looks as later where later.channel = digest_looks.channel)
