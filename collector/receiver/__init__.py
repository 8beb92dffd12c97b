"""OTLP over HTTP and gRPC: requests come in from services, spans go out into the store; acknowledged means stored."""
