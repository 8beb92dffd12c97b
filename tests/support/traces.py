"""What runtimes write when something fails, as one text each; a log cuts them into an entry a line."""

__all__ = ["WRITTEN"]

WRITTEN = {
    "python chain": """2026-09-14 20:00:00,123 ERROR shop.pay cannot pay
Traceback (most recent call last):
  File "/app/shop/pay.py", line 12, in pay
    charge(card)
  File "/app/shop/card.py", line 7, in charge
    raise KeyError(card)
KeyError: 'visa'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/shop/api.py", line 31, in post
    pay(order)
    ^^^^^^^^^^
  File "/app/shop/pay.py", line 14, in pay
    raise shop.errors.Refused("no card")
shop.errors.Refused: no card

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop/api.py", line 33, in post
    self.undo(order)
AttributeError: 'Api' object has no attribute 'undo'""",
    "python group": """  + Exception Group Traceback (most recent call last):
  |   File "/app/shop/all.py", line 5, in <module>
  |     main()
  | ExceptionGroup: two of three failed (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/shop/all.py", line 9, in one
    |     raise ValueError("one")
    | ValueError: one
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/app/shop/all.py", line 12, in two
    |     raise TypeError("two")
    | TypeError: two
    +------------------------------------""",
    "python warning": """/app/shop/pay.py:12: DeprecationWarning: charge is deprecated, use charge_card
  charge(card)""",
    "node uncaught": """/app/dist/server.js:12
    throw new Error('no bank')
    ^

Error: no bank
    at pay (/app/dist/server.js:12:11)
    at async Server.handle (file:///app/dist/index.js:4:3) {
  code: 'E_BANK',
  [cause]: TypeError: fetch failed
      at node:internal/deps/undici/undici:12345:11
      at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {
    errno: -111
  }
}

Node.js v20.11.1""",
    "node object": """Payment failed: {
  code: 'E_BANK',
  details: [
    'no such bank',
    { tried: 3 }
  ]
}""",
    "java": """2026-09-14T20:00:00.123Z ERROR 1 --- [nio-8080-exec-1] c.shop.PayController : cannot pay
java.lang.IllegalStateException: cannot pay
\tat com.shop.PayController.pay(PayController.java:31)
\tat java.base/java.lang.Thread.run(Thread.java:1583) ~[na:na]
\tSuppressed: java.io.IOException: not closed
\t\tat com.shop.Db.close(Db.java:9)
\t\t... 1 more
Caused by: java.net.ConnectException: Connection refused
\tat com.shop.Db.open(Db.kt:12)
\t... 7 common frames omitted""",
    "go panic": """panic: runtime error: invalid memory address or nil pointer dereference [recovered]
\tpanic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48e1a5]

goroutine 34 [running]:
main.(*Server).pay(0xc00011e000, {0x6d3f48, 0xc000132000})
\t/app/server.go:31 +0x1d
net/http.HandlerFunc.ServeHTTP(...)
\t/usr/local/go/src/net/http/server.go:2136
main.main()
\t/app/main.go:12 +0x85
created by net/http.(*Server).Serve in goroutine 1
\t/usr/local/go/src/net/http/server.go:3086 +0x5cb
exit status 2""",
    "go head": """2026/09/14 20:00:00 http: panic serving 10.0.0.7:51234: no bank
goroutine 19 [running]:
net/http.(*conn).serve.func1()
\t/usr/local/go/src/net/http/server.go:1868 +0xb9
panic({0x64a3c0?, 0x6f5d70?})
\t/usr/local/go/src/runtime/panic.go:920 +0x270""",
    "ruby": """app/models/card.rb:7:in `charge': no bank (BankError)
\tfrom app/models/pay.rb:12:in `pay'
\tfrom app/server.rb:3:in `<main>'""",
    "dotnet": """Unhandled exception. System.InvalidOperationException: cannot pay
 ---> System.Net.Http.HttpRequestException: Connection refused (bank:443)
   at System.Net.Http.HttpClient.Send(HttpRequestMessage request)
   at Shop.Bank.Charge(Card card) in /src/Shop/Bank.cs:line 12
   --- End of inner exception stack trace ---
   at Shop.Pay.Run() in /src/Shop/Pay.cs:line 31
--- End of stack trace from previous location ---
   at Shop.Program.<Main>(String[] args)""",
    "php": """PHP Fatal error:  Uncaught RuntimeException: no bank in /var/www/shop/Bank.php:12
Stack trace:
#0 /var/www/shop/Pay.php(31): Shop\\Bank->charge(Object(Card))
#1 /var/www/shop/index.php(3): Shop\\Pay->run()
#2 {main}
  thrown in /var/www/shop/Bank.php on line 12""",
    "rust": """thread 'main' panicked at src/main.rs:4:5:
no bank
stack backtrace:
   0: rust_begin_unwind
   1: shop::pay
             at ./src/main.rs:4:5
note: run with `RUST_BACKTRACE=full` for a verbose backtrace.""",
    "broken value": """2026-09-14 20:00:00 ERROR health check failed: database "shop
" does not exist""",
    "sql": """ERROR:    (psycopg.errors.UniqueViolation) duplicate key value violates unique constraint "orders_pkey"
DETAIL:  Key (id)=(7) already exists.
[SQL: INSERT INTO orders (id) VALUES (%(id)s)]
[parameters: {'id': 7}]
(Background on this error at: https://sqlalche.me/e/20/gkpj)""",
    "json": """{
  "level": "error",
  "message": "cannot pay",
  "bank": {
    "name": "first"
  }
}""",
}
