-- name:    delete_old_troubles
-- about:   looks at troubles of spells that were over before a time; of a spell that went on then, those from before it that
--          are neither its first look nor its last
-- params:  $before_ns BIGINT
-- columns:

delete from troubles
where
    seen_at_ns < (
        select max(done.seen_at_ns)
        from troubles as done
        where
            done.kind = troubles.kind and done.subject = troubles.subject
            and done.is_over and done.seen_at_ns < $before_ns
    )
    or rowid in (
        select place
        from (
            select
                rowid as place,
                seen_at_ns,
                is_over,
                lag(is_over) over (partition by kind, subject order by seen_at_ns, is_over desc) as was_over,
                lead(is_over) over (partition by kind, subject order by seen_at_ns, is_over desc) as is_over_next
            from troubles
        )
        where seen_at_ns < $before_ns and not is_over and not was_over and not is_over_next
    )
