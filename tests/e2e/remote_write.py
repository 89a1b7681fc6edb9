"""A remote-write 1.0 sender in a page: the protobuf and snappy encodings written by hand, so that nothing is shared
with what is tested."""

import struct


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, payload):
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def label(name, value):
    return field(1, field(1, name.encode()) + field(2, value.encode()))


def sample(t_ms, value):
    return field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(t_ms))


def write_request(series):
    """series: an iterable of (labels as a dict, samples as a list of (t_ms, value))."""
    out = bytearray()
    for labels, samples in series:
        body = b"".join(label(n, v) for n, v in sorted(labels.items()))
        body += b"".join(sample(t, v) for t, v in samples)
        out += field(1, body)
    return bytes(out)


def snappy_block(data):
    """Snappy's block format, literals only: valid for every decoder, without compressing."""
    out = bytearray(varint(len(data)))
    for start in range(0, len(data), 65536):
        chunk = data[start : start + 65536]
        out += b"\xf4" + struct.pack("<H", len(chunk) - 1) + chunk
    return bytes(out)


HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def body_of(series):
    return snappy_block(write_request(series))
