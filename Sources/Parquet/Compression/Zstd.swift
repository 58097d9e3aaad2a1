internal import CZstd

// Pages are single zstd frames. Payloads too small to gain are written as a frame of one raw block, which
// costs nine bytes and next to no time:
//
// u32 magic | u8 descriptor 0x20 (single segment, one-byte size) | u8 size | u24 block (size << 3 | raw, last)

/// Compresses page after page with one context.
final class Compressor {
    private let context: OpaquePointer
    private static let storedByteCountMax = 40

    init(level: Int32) throws {
        guard let context = ZSTD_createCCtx() else {
            throw Damage(.valueTooLarge, "no memory for a zstd context")
        }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Replaces the content of `output` by the compressed `input`.
    func compress(_ input: UnsafeRawBufferPointer, into output: inout OutputBuffer) throws {
        output.removeAll()
        if input.count <= Self.storedByteCountMax {
            output.append(littleEndian: 0xfd2f_b528 as UInt32)
            output.append(0x20)
            output.append(UInt8(input.count))
            let block = UInt32(input.count) << 3 | 1
            output.append(UInt8(truncatingIfNeeded: block))
            output.append(UInt8(truncatingIfNeeded: block >> 8))
            output.append(UInt8(truncatingIfNeeded: block >> 16))
            output.append(input)
            return
        }
        let bound = ZSTD_compressBound(input.count)
        let written = ZSTD_compress2(
            context,
            output.reserve(bound),
            bound,
            input.baseAddress,
            input.count
        )
        guard ZSTD_isError(written) == 0 else {
            throw Damage(.valueTooLarge, "zstd cannot compress a page")
        }
        output.advance(written)
    }
}

/// Decompresses page after page with one context.
final class Decompressor {
    private let context: OpaquePointer

    init() throws {
        guard let context = ZSTD_createDCtx() else {
            throw Damage(.valueTooLarge, "no memory for a zstd context")
        }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// Replaces the content of `output` by the decompressed `input`, which must have `count` bytes.
    func decompress(
        _ input: UnsafeRawBufferPointer,
        count: Int,
        into output: inout OutputBuffer
    ) throws {
        output.removeAll()
        let claimed = ZSTD_getFrameContentSize(input.baseAddress, input.count)
        let isUnknown = claimed == UInt64.max  // ZSTD_CONTENTSIZE_UNKNOWN
        guard isUnknown || claimed == UInt64(count) else {
            throw Damage.damaged("a page's zstd frame is not of the size its header says")
        }
        let target = output.reserve(count + Limits.padding)
        let written = ZSTD_decompressDCtx(context, target, count, input.baseAddress, input.count)
        guard ZSTD_isError(written) == 0, written == count else {
            throw Damage.damaged("a page does not decompress")
        }
        output.advance(written)
    }
}
