"""The incidents that can be generated, one module each; registry.py lists them."""
