#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `count` bytes, continuing from `crc` (0 to start).
/// Uses the processor's CRC instruction where there is one.
uint32_t holdfast_crc32c(uint32_t crc, const void *bytes, size_t count);

/// Folds `count` bytes into 16 of the same CRC-32 (that of gzip), with the processor's multiplication without
/// carries: the register behind `bytes`, started from `crc`, is the register behind `folded`, started from 0.
///
/// False, and nothing done, unless `count` is a multiple of 16 of at least 64 and the processor can.
bool holdfast_crc32_fold(uint32_t crc, const void *bytes, size_t count, uint8_t folded[16]);

/// The first place where `needle` stands in `bytes`, or NULL. An empty needle stands at the beginning.
const void *holdfast_find(const void *bytes, size_t count, const void *needle, size_t needle_count);

/// Makes the allocator keep up to 64 MiB of what is freed at the end of each arena instead of returning it
/// to the system at once. Requests are decoded into memory that lives until the next flush; with glibc's own thresholds
/// a tenth of the time of ingest goes to clearing pages that were returned a moment before.
void holdfast_keep_freed_memory(void);

/// Returns to the system what was freed and kept; does nothing without glibc. Takes some milliseconds for each hundred
/// megabytes, in which other threads may wait for memory.
void holdfast_return_freed_memory(void);
