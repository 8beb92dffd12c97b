"""The bundled incident generator: a scenario and a seed in; entries, spans and their truth out."""
