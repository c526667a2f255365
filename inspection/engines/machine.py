"""Which machine a figure was taken on."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from inspection.config import count_cores


@dataclass(frozen=True, slots=True)
class Machine:
    cpu: str
    cores: int
    instructions: tuple[str, ...]  # those that decide how fast low precision is
    memory_gib: float
    system: str
    python: str

    def as_dict(self) -> dict[str, object]:
        return {
            "cpu": self.cpu,
            "cores": self.cores,
            "instructions": list(self.instructions),
            "memory_gib": self.memory_gib,
            "system": self.system,
            "python": self.python,
        }


WANTED = {
    "amx_int8": "AMX-INT8",
    "amx_bf16": "AMX-BF16",
    "avx512_vnni": "AVX512-VNNI",
    "avx512_bf16": "AVX512-BF16",
    "avx_vnni": "AVX-VNNI",
    "avx2": "AVX2",
}


def list_instructions() -> tuple[str, ...]:
    flags = set(read_cpu_fields().get("flags", "").split())
    return tuple(name for flag, name in WANTED.items() if flag in flags)


def name_instructions() -> str:
    """What INT8 comes out as depends on these: without VNNI products saturate, and a verdict may be another. oneDNN can
    be told to keep to fewer than there are."""
    return " ".join((*list_instructions(), os.environ.get("ONEDNN_MAX_CPU_ISA", "")))


def describe_machine() -> Machine:
    fields = read_cpu_fields()
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    family = ", ".join(f"{key} {fields[key]}" for key in ("cpu family", "model") if key in fields)
    return Machine(
        cpu=f"{fields.get('model name', platform.processor() or 'unknown')} ({family})"
        if family
        else platform.machine(),
        cores=count_cores(),
        instructions=list_instructions(),
        memory_gib=round(pages / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


def read_cpu_fields() -> dict[str, str]:
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return {}
    first = path.read_text().split("\n\n", 1)[0]
    rows = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in rows}


def peak_memory_mib() -> float:
    """The most that this process ever held."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if platform.system() == "Linux" else peak / 2**20
