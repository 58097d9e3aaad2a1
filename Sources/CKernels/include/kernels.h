#pragma once
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `count` bytes, continuing from `crc` (0 to start).
/// Uses the processor's CRC instruction where there is one.
uint32_t holdfast_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The first place where `needle` stands in `bytes`, or NULL. An empty needle stands at the beginning.
const void *holdfast_find(const void *bytes, size_t count, const void *needle, size_t needle_count);
