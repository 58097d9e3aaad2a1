#include "kernels.h"

// V. Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009: a
// block is moved n bits on by multiplying its two halves, without carries, with x^(n+64) and x^n modulo the polynomial.

#if defined(__x86_64__)
#include <immintrin.h>

// Those for n = 512 and n = 128, reflected and shifted by one; 32 bits less, for that is where they stand in 64 bits:
// x^(n+32) and x^(n-32) modulo 0x104c11db7.
#define FOLD_64 _mm_set_epi64x(0x1c6e41596, 0x154442bd4)
#define FOLD_16 _mm_set_epi64x(0x0ccaa009e, 0x1751997d0)

__attribute__((target("pclmul")))
static inline __m128i folded_into(__m128i block, __m128i next, __m128i by) {
    __m128i low = _mm_clmulepi64_si128(block, by, 0x00);
    __m128i high = _mm_clmulepi64_si128(block, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

static inline __m128i block_at(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }

__attribute__((target("pclmul")))
static void fold(uint32_t crc, const uint8_t *p, size_t n, uint8_t *folded) {
    __m128i a = _mm_xor_si128(block_at(p), _mm_cvtsi32_si128((int)crc));
    __m128i b = block_at(p + 16), c = block_at(p + 32), d = block_at(p + 48);
    for (p += 64, n -= 64; n >= 64; p += 64, n -= 64) {
        a = folded_into(a, block_at(p), FOLD_64);
        b = folded_into(b, block_at(p + 16), FOLD_64);
        c = folded_into(c, block_at(p + 32), FOLD_64);
        d = folded_into(d, block_at(p + 48), FOLD_64);
    }
    a = folded_into(folded_into(folded_into(a, b, FOLD_16), c, FOLD_16), d, FOLD_16);
    for (; n >= 16; p += 16, n -= 16) a = folded_into(a, block_at(p), FOLD_16);
    _mm_storeu_si128((__m128i *)folded, a);
}

bool holdfast_crc32_fold(uint32_t crc, const void *bytes, size_t count, uint8_t folded[16]) {
    if (count < 64 || count % 16 != 0 || !__builtin_cpu_supports("pclmul")) return false;
    fold(crc, bytes, count, folded);
    return true;
}
#else
bool holdfast_crc32_fold(uint32_t crc, const void *bytes, size_t count, uint8_t folded[16]) {
    return false;
}
#endif
