"""Stack traces as each language writes them, all made up: by name, with what must be read from them."""

# ruff: noqa: E501 - lines of traces are as long as their languages write them
from dataclasses import dataclass

__all__ = ["TRACES", "Told"]


@dataclass(frozen=True, slots=True)
class Told:
    """A trace and what it says: its language; of each leaf cause the type and the innermost frames in the application."""

    text: str
    language: str
    leaves: tuple[tuple[str, tuple[str, ...]], ...]


TRACES: dict[str, Told] = {
    "node_aggregate": Told(
        (
            "AggregateError: All promises were rejected\n"
            "    at async main (/app/src/pay.ts:3:4) {\n"
            "  [errors]: [\n"
            "    Error: connect ECONNREFUSED ::1:5432\n"
            "        at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)\n"
            "        at dial (/app/src/bank.ts:3:4) {\n"
            "      errno: -111,\n"
            "      code: 'ECONNREFUSED',\n"
            "      syscall: 'connect'\n"
            "    },\n"
            "    TypeError: x is not iterable\n"
            "        at new Desk (webpack-internal:///(rsc)/./src/desk.ts:10:11)\n"
            "  ]\n"
            "}"
        ),
        "node",
        (("Error", ("bank:dial",)), ("TypeError", ("desk:Desk",))),
    ),
    "node_cause": Told(
        (
            "cannot pay TypeError: fetch failed\n"
            "    at node:internal/deps/undici/undici:13185:13\n"
            "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n"
            "    at async Object.pay (file:///C:/build/svc/dist/pay.mjs:3:4) {\n"
            "  [cause]: Error: connect ECONNREFUSED 127.0.0.1:9000\n"
            "      at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) {\n"
            "    errno: -111,\n"
            "    code: 'ECONNREFUSED',\n"
            "    port: 9000\n"
            "  }\n"
            "}\n"
            "\n"
            "Node.js v20.1.0"
        ),
        "node",
        (("Error", ()),),
    ),
    "node_uncaught": Told(
        (
            "/app/dist/pay.js:12\n"
            "    throw new PaymentDeclined('no');\n"
            "    ^\n"
            "\n"
            "PaymentDeclined: no\n"
            "    at pay (/app/dist/pay.js:12:11)\n"
            "    at Object.<anonymous> (/app/dist/index.js:1:1)\n"
            "\n"
            "Node.js v20.1.0"
        ),
        "node",
        (("PaymentDeclined", ("index:<anonymous>", "pay:pay")),),
    ),
    "node_long_message": Told(
        (
            "PrismaClientKnownRequestError: \n"
            "Invalid `prisma.user.create()` invocation:\n"
            "\n"
            "Unique constraint failed on the fields: (`email`)\n"
            "    at Zr.handle (/app/node_modules/@prisma/client/runtime/library.js:1:2)\n"
            "    at async Desk.open (/app/src/desk.ts:5:6) {\n"
            "  code: 'P2002',\n"
            "  clientVersion: '5.1'\n"
            "}"
        ),
        "node",
        (("PrismaClientKnownRequestError", ("desk:Desk.open",)),),
    ),
    "node_postgres": Told(
        (
            'error: relation "orders" does not exist\n'
            "    at Parser.parseErrorMessage (/app/node_modules/pg-protocol/dist/parser.js:287:98)\n"
            "    at async /app/dist/db.js:5:6 {\n"
            "  length: 104,\n"
            "  code: '42P01'\n"
            "}"
        ),
        "node",
        (("error", ("db:<anonymous>",)),),
    ),
    "browser": Told(
        (
            "TypeError: cart is undefined\n"
            "pay@https://shop.example/assets/main.3f2a9c1b.js:1:2345\n"
            "async*open/<@https://shop.example/assets/desk-DiwrgTda.js:1:99\n"
            "@https://shop.example/assets/vendor/x.js:1:1"
        ),
        "node",
        (("TypeError", ("assets/vendor/x:<anonymous>", "assets/desk:open", "assets/main:pay")),),
    ),
    "java_kotlin": Told(
        (
            "2024 cannot pay\n"
            "com.shop.pay.PayException: no bank\n"
            "for this order\n"
            "\tat com.shop.pay.Desk$$SpringCGLIB$$0.charge(<generated>) ~[app.jar!/:1.0]\n"
            "\tat com.shop.pay.Desk$open$2$1.invokeSuspend(Desk.kt:12) ~[classes!/:na]\n"
            "\tat com.shop.pay.Desk.lambda$open$3(Desk.java:5)\n"
            "\tat com.sun.proxy.$Proxy12.pay(Unknown Source)\n"
            "\tat org.springframework.boot.loader.launch.JarLauncher.main(JarLauncher.java:12)\n"
            "\tSuppressed: java.io.IOException: close\n"
            "\t\tat com.shop.Res.close(Res.java:1)\n"
            "\tCaused by: java.lang.RuntimeException: in suppressed\n"
            "\t\tat com.shop.Res.x(Res.java:2)\n"
            "\t... 3 more\n"
            "Caused by: java.net.ConnectException: Connection refused\n"
            "\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)\n"
            "\tat com.shop.net.Line$1.run(Line.java:7)\n"
            "\t... 51 common frames omitted"
        ),
        "java",
        (("ConnectException", ("com.shop.net.Line:run",)),),
    ),
    "go_served_panic": Told(
        (
            "2024/01/01 12:00:00 http: panic serving 10.0.0.1:55: runtime error: index out of range [5] with length 3\n"
            "goroutine 12 [running]:\n"
            "net/http.(*conn).serve.func1()\n"
            "\t/usr/local/go/src/net/http/server.go:1850 +0xbf\n"
            "panic({0x1, 0x2})\n"
            "\t/usr/local/go/src/runtime/panic.go:890 +0x262\n"
            "example.com/shop/orders/internal.(*Desk[...]).Open.func2.1(0xc000, {0x1, 0x2})\n"
            "\t/go/src/app/internal/desk.go:12 +0x1d\n"
            "main.main()\n"
            "\t/src/main.go:3 +0x1\n"
            "created by net/http.(*Server).Serve in goroutine 1\n"
            "\t/usr/local/go/src/net/http/server.go:3086 +0x5cb"
        ),
        "go",
        (("runtime error", ("main:main", "example.com/shop/orders/internal:(*Desk).Open")),),
    ),
    "go_error_with_stacks": Told(
        (
            "connection refused\n"
            "main.dial\n"
            "\t/app/bank.go:12\n"
            "main.pay\n"
            "\t/app/main.go:20\n"
            "runtime.goexit\n"
            "\t/usr/local/go/src/runtime/asm_amd64.s:1598\n"
            "cannot pay\n"
            "main.pay\n"
            "\t/app/main.go:22"
        ),
        "go",
        (("error", ("main:pay", "main:dial")),),
    ),
    "go_gin": Told(
        (
            "[Recovery] 2024/01/01 - 12:00:00 panic recovered:\n"
            "GET / HTTP/1.1\n"
            "runtime error: invalid memory address or nil pointer dereference\n"
            "/usr/local/go/src/runtime/panic.go:260 (0x44e)\n"
            "\tpanicmem: panic(memoryError)\n"
            "/app/internal/desk.go:12 (0x7c)\n"
            "\t(*Desk).Open: d.bank.Charge()\n"
            "/go/pkg/mod/github.com/gin-gonic/gin@v1.9.1/context.go:174 (0x7b)\n"
            "\t(*Context).Next: c.handlers[c.index](c)"
        ),
        "go",
        (("runtime error", ("internal:(*Desk).Open",)),),
    ),
    "go_stack_of_logger": Told(
        ("main.pay\n\t/app/main.go:20\nmain.main\n\t/app/main.go:30"),
        "go",
        (("", ("main:main", "main:pay")),),
    ),
    "ruby": Told(
        (
            "/app/models/pay.rb:12:in `charge': cannot pay (Shop::PayError)\n"
            "\tfrom /app/models/pay.rb:20:in `block (2 levels) in open'\n"
            "\tfrom /usr/local/bundle/gems/rack-2.2.4/lib/rack.rb:12:in `call'\n"
            "/app/models/bank.rb:3:in `dial': refused (Errno::ECONNREFUSED)\n"
            "\tfrom /app/models/pay.rb:11:in `charge'"
        ),
        "ruby",
        (("ECONNREFUSED", ("models/pay:charge", "models/bank:dial")),),
    ),
    "ruby_34": Told(
        (
            "/app/models/pay.rb:12:in 'Shop::Pay#charge': cannot pay (Shop::PayError)\n"
            "\tfrom /app/models/pay.rb:20:in 'block (2 levels) in open'\n"
            "\tfrom /usr/local/bundle/gems/rack-2.2.4/lib/rack.rb:12:in 'call'\n"
            "/app/models/bank.rb:3:in 'dial': refused (Errno::ECONNREFUSED)\n"
            "\tfrom /app/models/pay.rb:11:in 'Shop::Pay#charge'"
        ),
        "ruby",
        (("ECONNREFUSED", ("models/pay:charge", "models/bank:dial")),),
    ),
    "rails": Told(
        (
            "PayError (cannot pay):\n"
            "  \n"
            "app/models/pay.rb:12:in `charge'\n"
            "app/controllers/pay_controller.rb:3:in `open'\n"
            "\n"
            "Caused by:\n"
            "PG::ConnectionBad (refused)\n"
            "app/models/bank.rb:3:in `dial'"
        ),
        "ruby",
        (("ConnectionBad", ("models/bank:dial",)),),
    ),
    "ruby_reversed": Told(
        (
            "Traceback (most recent call last):\n"
            "\t2: from a.rb:12:in `<main>'\n"
            "\t1: from a.rb:9:in `open'\n"
            "lib/b.rb:3:in `dial': refused (IOError)"
        ),
        "ruby",
        (("IOError", ("a:<main>", "a:open", "lib/b:dial")),),
    ),
    "dotnet": Told(
        (
            "Unhandled exception. System.InvalidOperationException: cannot pay\n"
            " ---> Npgsql.NpgsqlException (0x80004005): Failed to connect\n"
            " ---> System.Net.Sockets.SocketException (111): Connection refused\n"
            "   at System.Net.Sockets.Socket.Connect(EndPoint p)\n"
            "   at Shop.Bank.Line.Dial(String host) in C:\\build\\Bank.cs:line 9\n"
            "   --- End of inner exception stack trace ---\n"
            "   at Npgsql.Internal.NpgsqlConnector.Connect(NpgsqlTimeout t)\n"
            "   --- End of inner exception stack trace ---\n"
            "   at Shop.Desk.<Open>d__3.MoveNext() in /src/Shop/Desk.cs:line 12\n"
            "--- End of stack trace from previous location ---\n"
            "   at Shop.Desk.<>c__DisplayClass3_0.<Run>b__0(String x) in /src/Shop/Desk.cs:line 30\n"
            "   at Shop.Repo`1.Get[T](T x)"
        ),
        "dotnet",
        (("SocketException", ("Shop.Bank.Line:Dial",)),),
    ),
    "dotnet_aggregate": Told(
        (
            "System.AggregateException: One or more errors occurred. (a) (b)\n"
            " ---> System.IO.IOException: a\n"
            "   at Shop.A.Go() in /src/A.cs:line 1\n"
            "   --- End of inner exception stack trace ---\n"
            "   at Shop.Program.Main() in /src/P.cs:line 1\n"
            " ---> (Inner Exception #1) System.TimeoutException: b\n"
            "   at Shop.B.Go() in /src/B.cs:line 1<---\n"
        ),
        "dotnet",
        (("IOException", ("Shop.A:Go",)), ("TimeoutException", ("Shop.B:Go",))),
    ),
    "php": Told(
        (
            "PHP Fatal error:  Uncaught App\\InnerException: refused in /var/www/html/src/Bank.php:12\n"
            "Stack trace:\n"
            "#0 /var/www/html/src/Desk.php(20): App\\Bank->dial('a', Array)\n"
            "#1 [internal function]: App\\Desk->{closure}()\n"
            "#2 /var/www/html/vendor/laravel/x/src/Pipe.php(3): array_map(Object(Closure))\n"
            "#3 {main}\n"
            "\n"
            "Next App\\PayException: cannot pay in /var/www/html/src/Desk.php:30\n"
            "Stack trace:\n"
            "#0 /var/www/html/public/index.php(20): App\\Desk->open()\n"
            "#1 {main}\n"
            "  thrown in /var/www/html/src/Desk.php on line 30"
        ),
        "php",
        (("InnerException", ("Desk:Desk->{closure}", "Bank:Bank->dial")),),
    ),
    "laravel": Told(
        (
            '[2024-01-01 12:00:00] production.ERROR: cannot pay {"exception":"[object] (App\\\\PayException(code: 0): cannot pay at /var/www/html/app/Desk.php:12)\n'
            "[stacktrace]\n"
            "#0 /var/www/html/app/Http/Ctl.php(20): App\\\\Desk->open()\n"
            "#1 /var/www/html/vendor/laravel/framework/src/Illuminate/X.php(3): App\\\\Http\\\\Ctl->store(Object(Req))\n"
            "#2 {main}\n"
            "\n"
            "[previous exception] [object] (App\\\\InnerException(code: 0): refused at /var/www/html/app/Bank.php:3)\n"
            "[stacktrace]\n"
            "#0 /var/www/html/app/Desk.php(11): App\\\\Bank->dial()\n"
            "#1 {main}\n"
            '"}'
        ),
        "php",
        (("InnerException", ("Desk:{main}", "Bank:Bank->dial")),),
    ),
    "python_nested_group": Told(
        (
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "/app/shop/main.py", line 3, in serve\n'
            "  |     async with group:\n"
            "  | ExceptionGroup: unhandled errors (2 sub-exceptions)\n"
            "  +-+---------------- 1 ----------------\n"
            "    | Exception Group Traceback (most recent call last):\n"
            '    |   File "/app/shop/b.py", line 3, in work\n'
            "    | ExceptionGroup: inner (2 sub-exceptions)\n"
            "    +-+---------------- 1 ----------------\n"
            "      | ValueError: bad\n"
            "      +---------------- 2 ----------------\n"
            "      | Traceback (most recent call last):\n"
            '      |   File "/app/shop/d.py", line 3, in work\n'
            "      | OSError: low\n"
            "      | \n"
            "      | During handling of the above exception, another exception occurred:\n"
            "      | \n"
            "      | Traceback (most recent call last):\n"
            '      |   File "/app/shop/d.py", line 5, in work\n'
            "      | RuntimeError: high\n"
            "      +------------------------------------\n"
            "    +---------------- 2 ----------------\n"
            "    | Traceback (most recent call last):\n"
            '    |   File "/app/shop/c.py", line 9, in rest\n'
            "    | KeyError: 'x'\n"
            "    +------------------------------------"
        ),
        "python",
        (("KeyError", ("shop.c:rest",)), ("OSError", ("shop.d:work",)), ("ValueError", ())),
    ),
    "python_chain": Told(
        (
            "cannot pay\n"
            "Traceback (most recent call last):\n"
            '  File "/app/shop/pay.py", line 12, in pay\n'
            "    from shop.bank import charge\n"
            "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "ModuleNotFoundError: No module named 'shop.bank'\n"
            "\n"
            "During handling of the above exception, another exception occurred:\n"
            "\n"
            "Traceback (most recent call last):\n"
            '  File "/usr/local/lib/python3.11/site-packages/gunicorn/arbiter.py", line 608, in spawn_worker\n'
            "    worker.init_process()\n"
            '  File "/app/shop/main.py", line 3, in <module>\n'
            "    start()\n"
            "RuntimeError: cannot start\n"
            "because of a module"
        ),
        "python",
        (("ModuleNotFoundError", ("shop.pay:pay",)),),
    ),
    "python_group": Told(
        (
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "/app/shop/main.py", line 3, in serve\n'
            "  |     async with group:\n"
            "  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)\n"
            "  +-+---------------- 1 ----------------\n"
            "    | Traceback (most recent call last):\n"
            '    |   File "/app/shop/b.py", line 3, in work\n'
            "    | ValueError: bad\n"
            "    +---------------- 2 ----------------\n"
            "    | Traceback (most recent call last):\n"
            '    |   File "/app/shop/c.py", line 9, in rest\n'
            "    | KeyError: 'x'\n"
            "    +------------------------------------"
        ),
        "python",
        (("KeyError", ("shop.c:rest",)), ("ValueError", ("shop.b:work",))),
    ),
    "java_spring": Told(
        (
            "org.springframework.web.client.HttpServerErrorException: 503 Service Unavailable\n"
            "\tat com.shop.pay.Cashier$$EnhancerBySpringCGLIB$$1a2b.charge(Cashier.java:45)\n"
            "\tat com.shop.pay.Desk.lambda$open$3(Desk.kt:138)\n"
            "\tat java.base/jdk.internal.reflect.Method.invoke(Method.java:103)\n"
            "Caused by: java.net.ConnectException: Connection refused\n"
            "\tat com.shop.net.Line.open(Line.java:7)\n"
            "\t... 51 common frames omitted"
        ),
        "java",
        (("ConnectException", ("com.shop.net.Line:open",)),),
    ),
    "node": Told(
        (
            "TypeError: bank.charge(...).then is not a function\n"
            "    at Cashier.pay (/usr/src/app/dist/cashier.js:586:25)\n"
            "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n"
            "    at async Desk.open (/usr/src/app/dist/desk.js:5:1)\n"
            "    at async /usr/src/app/node_modules/@nestjs/core/router.js:46:28"
        ),
        "node",
        (("TypeError", ("desk:Desk.open", "cashier:Cashier.pay")),),
    ),
    "go_panic": Told(
        (
            "panic: runtime error: invalid memory address or nil pointer dereference [recovered]\n"
            "goroutine 17 [running]:\n"
            "net/http.(*conn).serve.func1()\n"
            "\t/usr/local/go/src/net/http/server.go:1850 +0xbf\n"
            "github.com/shop/orders/internal.(*Desk).Open(0xc000, {0x1, 0x2})\n"
            "\t/src/internal/desk.go:12 +0x1d\n"
            "main.main()\n"
            "\t/src/main.go:3 +0x1"
        ),
        "go",
        (("runtime error", ("main:main", "github.com/shop/orders/internal:(*Desk).Open")),),
    ),
    "python_rich": Told(
        (
            "╭───────────────────── Traceback (most recent call last) ──────────────────────╮\n"
            "│ /app/shop/pay.py:12 in pay                                                   │\n"
            "│                                                                              │\n"
            "│ ❱ 12 │   charge()                                                            │\n"
            "│                                                                              │\n"
            "│ /usr/local/lib/python3.11/site-packages/bank/api.py:9 in charge              │\n"
            "╰──────────────────────────────────────────────────────────────────────────────╯\n"
            "ValueError: no bank"
        ),
        "python",
        (("ValueError", ("shop.pay:pay",)),),
    ),
    "python_loguru": Told(
        (
            "Traceback (most recent call last):\n"
            "\n"
            '  File "/app/shop/main.py", line 12, in <module>\n'
            "    pay()\n"
            "    └ <function pay at 0x7f0a3c2b1d30>\n"
            "\n"
            '> File "/app/shop/pay.py", line 5, in pay\n'
            "    1 / 0\n"
            "\n"
            "ZeroDivisionError: division by zero"
        ),
        "python",
        (("ZeroDivisionError", ("shop.main:<module>", "shop.pay:pay")),),
    ),
    "python_crash": Told(
        (
            "Fatal Python error: Segmentation fault\n"
            "\n"
            "Current thread 0x00007f1b2c3d4e5f (most recent call first):\n"
            '  File "/app/shop/bank.py", line 7 in dial\n'
            '  File "/app/shop/main.py", line 3 in <module>'
        ),
        "python",
        (("FatalPythonError", ("shop.main:<module>", "shop.bank:dial")),),
    ),
    "node_eval": Told(
        (
            "ReferenceError: cart is not defined\n"
            "    at eval (eval at run (/app/src/rules.ts:3:4), <anonymous>:1:1)\n"
            "    at Array.map (<anonymous>)\n"
            "    at async Promise.all (index 0)\n"
            "    at Rules.apply [as run] (webpack://shop/./src/rules.ts:14:22)\n"
            "    at Module../src/index.ts (/app/dist/main.3f2a9c1b.js:2:1)"
        ),
        "node",
        (("ReferenceError", ("main:<anonymous>", "rules:Rules.apply")),),
    ),
    "go_wrapped_with_margin": Told(
        (
            "cannot pay: refused\n"
            "(1) attached stack trace\n"
            "  -- stack trace:\n"
            "  | example.com/shop/bank.(*Line).Dial\n"
            "  | \t/app/bank/line.go:12\n"
            "  | main.main\n"
            "  | \t/app/main.go:3\n"
            "Wraps: (2) cannot pay\n"
            "Error types: (1) *withstack.withStack (2) *errutil.leafError"
        ),
        "go",
        (("error", ("main:main", "example.com/shop/bank:(*Line).Dial")),),
    ),
}
