"""Lifecycle: findings of a look and the states stored by looks before in, incidents over looks out."""
