-- name:    delete_retention_marks
-- about:   forgets marks of a clock that was far ahead, and of the others all but the last of the last three prunes by
--          each reason: a clock that is ahead now must not take all of them away
-- params:  $now_ns BIGINT
-- columns:

delete from retention_marks
where
    before_ns > $now_ns
    or rowid in (
        select place
        from (
            select
                rowid as place,
                row_number() over (partition by why, pruned_at_ns order by before_ns desc) as nth,
                dense_rank() over (partition by why order by pruned_at_ns desc) as prune
            from retention_marks
            where before_ns <= $now_ns
        )
        where nth > 1 or prune > 3
    )
