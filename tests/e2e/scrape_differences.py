"""What Prometheus 2.42 does in another way than 3.14, in one table."""

import dataclasses


@dataclasses.dataclass
class Row:
    name: str
    why: str


DIFFERENCES = []


def applying(reference_is_2, ours_is_2):
    return DIFFERENCES if reference_is_2 and not ours_is_2 else []


def as_3_14(rows, jobs, targets):
    pass


def metadata_as_3_14(rows, job, metadata):
    return metadata


def is_metadata_excused(rows, name):
    return False


def requests_as_3_14(rows, requests):
    return requests
