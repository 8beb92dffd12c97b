-- name:    create_0012_routes
-- about:   the route of each entry's path, as collector/normalise/routes.py makes it: "" where there is no path, null of
--          a path with what only scanners ask for
-- params:
-- columns:

alter table entries add column route varchar;

update entries
set
    route = case
        when http_path is null then ''
        when not regexp_matches(
            http_path,
            '(?i)(?:\.env|\.git(?:/|\z)|\.aws|\.ssh|\.svn|\.ds_store|\.htaccess|wp-\w+|wordpress|xmlrpc|'
            || '\.(?:php\d?|aspx?|jsp|cgi|bak|sql|old|zip|tgz)(?:/|\z)|phpmyadmin|cgi-bin|boaform|actuator|'
            || 'solr|jenkins|hudson|struts|owa/|autodiscover|ecp/|vendor/phpunit|server-status|manager/html|'
            || '\.\./|%2e%2e|etc/passwd|robots\.txt|favicon\.ico|sitemap\.xml|\.well-known/security|'
            || 'telescope)'
        ) then regexp_replace(http_path, '/(?:[^/]*[0-9][^/]*[0-9][^/]*|[^/]{25,}|[0-9]+)', '/*', 'g')
    end;
