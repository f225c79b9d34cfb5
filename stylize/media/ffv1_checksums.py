"""Checksums of FFV1 slices (RFC 9043, section 4.9), which FFmpeg's decoder checks but does not report."""

import zlib

# The checksum takes the highest bit of a byte first, zlib's the lowest.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ALL_BITS = 0xFFFFFFFF
# Slice size of 3 bytes, error status and checksum.
_FOOTER = 8


def verifies(packet: bytes) -> bool:
    """Return whether the checksums of all slices of a packet match. False too for packets without checksums."""
    reversed_bits = memoryview(packet.translate(_REVERSED))
    end = len(packet)
    while end > 0:
        start = end - _FOOTER - int.from_bytes(packet[max(0, end - _FOOTER) : end - 5], "big")
        # The remainder of a slice with its checksum is 0. zlib inverts the register before and after.
        if end < _FOOTER or start < 0 or zlib.crc32(reversed_bits[start:end], _ALL_BITS) != _ALL_BITS:
            return False
        end = start
    return len(packet) > 0
