"""Sentences that name an event: `Emitting OrderPlaced`, `order.paid was sent`, `-> driver_assigned`. Tables of words.

A name is an identifier of several words: kebab, snake, dotted, capitals or camel case. It counts beside a word of
sending or happening, as all that a line says, or where its own last word says what was done (`driver_assigned`) and it
is the only such one of its line. Names of loggers, modules, parts of programs and things are none, nor is anything in
lines of what is got ready, of statements to databases and of access logs.
"""

__all__ = ["sentence_params", "span_name_params"]

_WORD = "[A-Za-z][A-Za-z0-9]*"
_CAMEL = "[A-Z]?[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)+"
_NAME = f"(?:{_WORD}(?:[._-]{_WORD})+|{_CAMEL})"
_QUOTE = "[\\\\\"'`]*"
_BEGIN = "(?:\\A|[\\s(\\[\"'`>:|])"
_END = "(?:[\\s,;.!)}\\]\"'`\\\\]|\\z)"
# Behind a name: none of what stands behind loggers, threads, files and keys (`:`, ` - `, `=`, `[`).
_THEN = "[,;)\\]\"'`]*(?:[.!]?\\s*\\z|[.!,;]?\\s+[A-Za-z0-9#({\\[<\"'`]|[,;])"
# What is said before a name (`Emitting OrderPlaced`), and behind it (`order-placed was sent`), in some languages.
_SENDING = (
    "(?:publish|emit|dispatch|broadcast|produc|enqueu|rais|fir|deliver|notif|trigger|consum|acknowledg|relay)\\w*|"
    "sen[dt](?:ing)?|handl(?:ed|ing)|process(?:ed|ing)|receiv(?:ed|ing)|record(?:ed|ing)|push(?:ed|ing)|queu(?:ed|ing)|"
    "enviad[oa]|enviando|publicad[oa]|publicando|emitid[oa]|emitiendo|publi[ée]e?|envoy[ée]e?|[ée]mise?|"
    "gesendet|sende|ver[öo]ffentlicht|ausgel[öo]st"
)
_HAPPENED = (
    "published|emitted|dispatched|broadcast(?:ed)?|produced|enqueued|queued|raised|fired|triggered|notified|delivered|"
    "sent|pushed|handled|processed|received|consumed|recorded|stored|persisted|committed|appended|acknowledged|acked|"
    "forwarded|relayed|happened|occurred|enviad[oa]|publicad[oa]|emitid[oa]|publi[ée]e?|envoy[ée]e?|[ée]mise?|gesendet|"
    "ver[öo]ffentlicht|ausgel[öo]st"
)
_FILLER = "event|events|message|notification|domain|integration|the|an?|new|to|topic|queue|on|of|type|name|evento"
_SENT = f"(?:\\A|[^A-Za-z_.-])(?i:(?:{_SENDING})(?: (?:{_FILLER}))*):? {_QUOTE}({_NAME}){_THEN}"
_HEARD = (
    f"{_BEGIN}({_NAME}){_QUOTE}(?i: (?:(?:event|message|notification|evento) )?"
    f"(?:(?:was|has been|is|got|wurde|fue|ha sido) )?(?:{_HAPPENED})\\b| event\\b)"
)
_MARKED = f"(?:\\A|[\\s\\]:|])(?:->|=>|→|»|>>)\\s*({_NAME}){_END}"
_ALONE = f'(?:\\A[\\s"\'`]*|\\bmsg="?)({_NAME})(?:[\\s"\'`.!]*\\z|"?\\s+[A-Za-z_.]+=)'
# Behind a level and a logger: `INFO shop.orders: order.paid id=3`, `INF order.paid {"id": 3}`.
_HEADED = (
    f"\\b(?i:INFO|INF|information|notice)\\b\\S*\\s+(?:\\S+[:\\]|-]\\s+|\\S+\\t|[|-] )*({_NAME})"
    "[\\s,]+(?:[{]|[A-Za-z_][A-Za-z0-9_.]*=)"
)
_DONE = (
    "sent|paid|made|done|built|bought|sold|won|begun|taken|given|written|chosen|driven|held|withdrawn|read|split|lost"
)
_DONE_UPPER = "SENT|PAID|MADE|DONE|BUILT|BOUGHT|SOLD|WON|BEGUN|TAKEN|GIVEN|WRITTEN|CHOSEN|DRIVEN|HELD|WITHDRAWN|LOST"
_DONE_TITLE = "Sent|Paid|Made|Done|Built|Bought|Sold|Won|Begun|Taken|Given|Written|Chosen|Driven|Held|Withdrawn|Lost"
_DEED = (
    f"(?:(?:{_WORD}[._-])+(?:[a-z]{{2,}}ed|[A-Z]{{2,}}ED|{_DONE}|{_DONE_UPPER})|"
    f"(?:{_WORD}[._-])*[A-Z]?[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)*(?:[A-Z][a-z]+ed|{_DONE_TITLE}))"
    "(?:[._-]?[vV][0-9]{1,2})?"
)
_SHAPED = f"{_BEGIN}({_DEED}){_THEN}"
# Names of spans: `publish OrderPlaced`, `order.paid send`.
_SEND = "(?i:publish|emit|send|dispatch|broadcast|produce|enqueue|raise)(?i: event)?"
_SENDING_SPAN = f"\\A(?:{_SEND} ({_NAME})|({_NAME}) {_SEND})\\z"
# What is in every line that the above match, found in one pass.
_SAYING = (
    f"(?i:\\b(?:{_SENDING})\\W|\\b(?:{_HAPPENED})\\b)|(?:->|=>|→|»|>>)|\\A\\W*{_NAME}\\W*\\z|\\bmsg=|"
    "\\b(?i:INFO|INF|information|notice)\\b.*[A-Za-z][._A-Z-][A-Za-z]\\w*[\\s,]+(?:[{]|[A-Za-z_][A-Za-z0-9_.]*=)|"
    f"[A-Za-z][._-](?:[a-z]{{2,}}ed|[A-Z]{{2,}}ED|{_DONE}|{_DONE_UPPER})|[a-z](?:[A-Z][a-z]+ed|{_DONE_TITLE})"
)
# Parts of programs, machines and places.
_NO_DEED = (
    "(?:Query|Command|Request|Response|Handler|Controller|Service|Middleware|Job|Worker|Task|Client|Exception|Error|"
    "Repository|Factory|Manager|Listener|Consumer|Producer|Subscriber|Publisher|Filter|Interceptor|Module|Provider|"
    "Resolver|Impl|Config|Bean|Dto|Mapper|Adapter)\\z|"
    "(?i:[._-](?:service|svc|srv|api|worker|jobs?|queue|topic|handler|controller|consumer|producer|client|server|error|"
    "exception|ids?|at|key|token|name|count|total|bus|loop|store|stream|logs?|dev|staging|prod|core|events?|main)\\z)|"
    "(?i:\\A(?:is|has|was|last|max|min|total|num|x|bytes|rows|messages|requests|jobs|items|records|events?|tasks|files|"
    "errors|count|content|utf|us|europe|asia)[._-])|"
    "\\A(?:node|java|javax|org|io|net|sun|spring|django|rails|rack|uvicorn|gunicorn|fastapi|celery|kafka|redis|logging|"
    "os|sys|std|tokio|hyper|System|Microsoft)[.]"
)
# Words that look like a deed and tell of a state, of a program's own doings, or of a failure that may well end.
_NO_SHAPE = (
    "(?i:(?:fail|error|crash|refus|throttl|exceed|deprecat|enabl|disabl|initiali[sz]|configur|load|cach|bas|shar|embedd|"
    "nest|manag|distribut|relat|unus|expect|requir|default|limit|allow|support|connect|mount|compil|optimi[sz])ed\\z|"
    "(?:retried|denied|need|feed|seed|speed|exceed|proceed|succeed|embed|hundred)\\z)"
)
# Lines that name no event: of statements to databases, access logs, what is deprecated, what is got ready.
_NO_SENTENCE = (
    "(?i:\\bselect\\b.*\\bfrom\\b|insert into|delete from|update \\S+ set|create (?:table|index)|HTTP/[123]|"
    "\\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /|deprecat|initiali[sz]|listening|subscrib|"
    "regist(?:er|ering|ered|ers)\\b|configur|bootstrap|migrat|install|metrics?\\b|gauge|histogram|statsd|"
    "connect(?:ed|ing) to|load(?:ed|ing)\\b|start(?:ing|up)\\b|shutting|shutdown|compil)"
)
_THINGS = (
    "table|column|index|header|module|class|file|route|endpoint|job|middleware|plugin|package|env|variable|setting|"
    "flag|feature|option|counter|cache|bucket|database|schema|collection|field|key|secret|service|container|image|"
    "function|method|host|user|account|profile|region|cluster|node|namespace|property|param|parameter|handler|listener|"
    "role|permission|thread|logger|worker|model|template|script|task|cron|step|stage|pipeline|branch|tenant|bus"
)
# A name is cut out of its line by U+0001: beside such a word it is the name of a thing.
_BESIDE = f"(?i:\\b(?:{_THINGS})s?[\\s:=]+[\"'`\\[(]*\\x{{01}}|\\x{{01}}[\"'`\\])]*\\s+(?:{_THINGS})s?\\b)"


def sentence_params() -> dict[str, str]:
    """Parameters of insert_entry_events: expressions whose first group is the name, and what is no event."""
    return {
        "saying": _SAYING,
        "sent": _SENT,
        "heard": _HEARD,
        "marked": _MARKED,
        "alone": _ALONE,
        "headed": _HEADED,
        "shaped": _SHAPED,
        "no_deed": _NO_DEED,
        "no_shape": _NO_SHAPE,
        "no_sentence": _NO_SENTENCE,
        "beside": _BESIDE,
    }


def span_name_params() -> dict[str, str]:
    """Parameters of insert_span_events: what a span's name tells of an event, in the first or second group."""
    return {"sending": _SENDING_SPAN, "deed": f"\\A({_DEED})\\z", "no_deed": _NO_DEED, "no_shape": _NO_SHAPE}
