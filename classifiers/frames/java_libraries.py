"""Packages of the JVM's own and of widely used libraries: their frames are none of an application."""

import re

__all__ = ["LIBRARY"]

_OF_IO = (
    "netty|reactivex|lettuce|grpc|micrometer|micronaut|quarkus|vertx|opentelemetry|undertow|ktor|r2dbc|projectreactor"
    "|swagger|jsonwebtoken|sentry|prometheus|debezium|confluent|kubernetes|fabric8|agroal|smallrye|helidon|javalin"
    "|temporal|awspring|cucumber|restassured|rsocket|dropwizard|github|arrow|kotest|mockk|zipkin|opencensus|minio|nats"
)
_OF_ORG = (
    "springframework|apache|hibernate|eclipse|slf4j|jboss|postgresql|mariadb|mongodb|redisson|aspectj|glassfish|junit"
    "|gradle|xnio|jooq|flywaydb|mockito|h2|hsqldb|sqlite|jetbrains|testng|assertj|codehaus|elasticsearch|opensearch"
    "|neo4j|quartz|thymeleaf|yaml|json|bouncycastle|ehcache|infinispan|wildfly|keycloak|jdbi|mybatis|hamcrest|graalvm"
    "|http4s|typelevel|reactivestreams|springdoc|zalando|bson|asynchttpclient|objectweb|javassist|mapstruct|liquibase"
    "|scalatest|joda|jsoup|w3c|xml|ietf|omg|dom4j|threeten|koin|jvnet|jctools|LatencyUtils|HdrHistogram|xerial"
)
_OF_COM = (
    "google|fasterxml|zaxxer|mysql|oracle|amazonaws|microsoft|netflix|datastax|squareup|hazelcast|rabbitmq|mongodb"
    "|couchbase|sun|atomikos|p6spy|graphql|nimbusds|auth0|esotericsoftware|lmax|typesafe|lightbend|vaadin|azure|ibm"
    "|intellij|jetbrains|datadog|newrelic|launchdarkly|linecorp|clickhouse|github|mchange|alibaba|codahale|jayway"
    "|sksamuel|twitter|facebook|thoughtworks|ctc|sap|redis|stripe|twilio|android|bugsnag|hierynomus"
)

LIBRARY = re.compile(
    r"(?:java|javax|jakarta|jdk|sun|kotlin|kotlinx|scala|groovy|groovyjarjar\w+|akka|reactor|rx|cats|zio|play|clojure|graphql"
    r"|brave|zipkin2?|lombok|oracle|liquibase|androidx?|dalvik|okhttp3|okio|feign|retrofit2?|worker\.org\.gradle|monix|slick"
    r"|ch\.qos|redis\.clients|dev\.failsafe|software\.amazon|(?:net\.(?:bytebuddy|sf|snowflake|logstash|spy|jodah|sourceforge"
    rf"|shibboleth|javacrumbs|minidev))|io\.(?:{_OF_IO})|org\.(?:{_OF_ORG})|com\.(?:{_OF_COM}))[.$]|_COROUTINE"
)
