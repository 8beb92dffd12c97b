"""The sections of config.yaml about the database, apart from the code they serve: to read them loads none of it."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["RetentionConfig", "StoreConfig"]

_GIB = 2**30
_ENGINE = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


class StoreConfig(BaseModel):
    """Section `store` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Path("logtriage.duckdb")
    read_wait_s: float = Field(default=10.0, gt=0)  # how long a report waits for its turn before it gives up
    write_wait_s: float = Field(default=120.0, gt=0)  # how long an import waits for readers and other writers
    read_copy_mib: int = Field(default=4096, ge=0)  # up to this size a reader reads a copy, so that nobody waits for it
    memory_limit_mib: int = Field(default=400, ge=128)  # of the engine, so that a whole process stays below 1 GiB
    threads: int = Field(default=2, ge=1)

    @property
    def engine(self) -> dict[str, Any]:
        """Settings of the engine for a connection."""
        return _ENGINE | {
            "threads": self.threads,
            "memory_limit": f"{self.memory_limit_mib}MiB",
            "temp_directory": f"{self.path}.tmp",
        }


class RetentionConfig(BaseModel):
    """Section `retention` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: float = Field(default=30.0, ge=1.0)  # that entries, spans and test cases are kept; whole days go
    max_size_gib: float | None = Field(default=20.0, gt=0)  # of the database file; null: as large as it gets

    @property
    def max_bytes(self) -> int | None:
        """The largest size in bytes."""
        return None if self.max_size_gib is None else round(self.max_size_gib * _GIB)
