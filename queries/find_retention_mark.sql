-- name:    find_retention_mark
-- about:   the time before which retention took everything; null where it never did. A mark that is not over yet is of a
--          clock that was far ahead and says nothing: else all that is new would be taken for old until then
-- params:  $now_ns BIGINT
-- columns: before_ns BIGINT

select max(before_ns) as before_ns
from retention_marks
where before_ns <= $now_ns
