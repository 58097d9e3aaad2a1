import CZlib

/// A `z_stream` of zlib, with its fields under their offsets.
///
/// The transport of gRPC has a module of its own around the same header, and so the fields belong to
/// two modules at once; Swift then lets nobody name them who does not import both. Their places are
/// part of zlib's binary interface (64-bit systems), and zlib compares the size when it starts.
struct ZStream {
    /// What the functions of zlib take.
    let pointer: UnsafeMutablePointer<z_stream>
    private let raw: UnsafeMutableRawPointer

    /// What zlib is told the size is.
    static let size = Int32(MemoryLayout<z_stream>.size)
    /// The gzip format with the largest window.
    static let gzip: Int32 = 15 + 16

    private enum Offset {
        static let nextIn = 0
        static let availIn = 8
        static let nextOut = 24
        static let availOut = 32
        static let totalOut = 40
    }

    /// A stream that is all zeros.
    init() {
        precondition(MemoryLayout<z_stream>.size == 112, "zlib is laid out for 64-bit systems")
        pointer = .allocate(capacity: 1)
        raw = UnsafeMutableRawPointer(pointer)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<z_stream>.size)
    }

    /// Frees the stream itself, after zlib has freed what it hung on it.
    func deallocate() { pointer.deallocate() }

    private func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        raw.storeBytes(of: value, toByteOffset: offset, as: Value.self)
    }

    /// Where the next input is.
    var input: UnsafeRawPointer? {
        get { raw.load(fromByteOffset: Offset.nextIn, as: UnsafeRawPointer?.self) }
        nonmutating set { store(newValue, at: Offset.nextIn) }
    }

    /// Bytes of input that are left.
    var inputCount: UInt32 {
        get { raw.load(fromByteOffset: Offset.availIn, as: UInt32.self) }
        nonmutating set { store(newValue, at: Offset.availIn) }
    }

    /// Where the next output goes.
    var output: UnsafeMutableRawPointer? {
        get { raw.load(fromByteOffset: Offset.nextOut, as: UnsafeMutableRawPointer?.self) }
        nonmutating set { store(newValue, at: Offset.nextOut) }
    }

    /// Bytes of output there is room for.
    var outputCount: UInt32 {
        get { raw.load(fromByteOffset: Offset.availOut, as: UInt32.self) }
        nonmutating set { store(newValue, at: Offset.availOut) }
    }

    /// Bytes of output since the stream was reset.
    var totalOutputCount: UInt { raw.load(fromByteOffset: Offset.totalOut, as: UInt.self) }
}
