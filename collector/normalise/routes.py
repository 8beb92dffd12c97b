"""Routes of paths: what of a path stands for any, and which paths are no route of anybody's.

A route is stored beside its path, so that a report need not make it of millions of paths. Whoever changes one of the
patterns here adds a migration that makes the stored routes anew, as create_0012_routes.sql does.
"""

import polars as pl

__all__ = ["ODD_PATHS", "VARIABLE_PARTS", "routes_of"]

# A segment that holds two digits or more, is a number, or is long, stands for "any" in a route.
VARIABLE_PARTS = "/(?:[^/]*[0-9][^/]*[0-9][^/]*|[^/]{25,}|[0-9]+)"
# What only scanners ask for, anywhere in a path and without case.
ODD_PATHS = (
    "\\.env", "\\.git(?:/|\\z)", "\\.aws", "\\.ssh", "\\.svn", "\\.ds_store", "\\.htaccess", "wp-\\w+", "wordpress",
    "xmlrpc", "\\.(?:php\\d?|aspx?|jsp|cgi|bak|sql|old|zip|tgz)(?:/|\\z)", "phpmyadmin", "cgi-bin", "boaform",
    "actuator", "solr", "jenkins", "hudson", "struts", "owa/", "autodiscover", "ecp/", "vendor/phpunit",
    "server-status", "manager/html", "\\.\\./", "%2e%2e", "etc/passwd", "robots\\.txt", "favicon\\.ico",
    "sitemap\\.xml", "\\.well-known/security", "telescope",
)  # fmt: skip


def routes_of(paths: pl.Series) -> pl.Series:
    """The route of each path, "" where there is none; null of an odd path, whose odd words a route may have lost.

    All else that tells who asks is in the route as it is in the path.
    """
    is_odd = paths.str.contains(f"(?i)(?:{'|'.join(ODD_PATHS)})").fill_null(value=False)
    routes = paths.str.replace_all(VARIABLE_PARTS, "/*").fill_null("").alias("route")
    return routes.set(is_odd, None) if is_odd.any() else routes
