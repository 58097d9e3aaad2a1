// One file of the simulated disk.
//
// `cached` is what reads return. `durable` is what the platter holds. Between them lie the writes since the last sync,
// each as whole sectors with the content they had then, so that of every sector any version may be the one that
// survives, and of the sizes any one.
// A sync that fails marks its pages clean without having written all of them: reads return the new bytes, no later
// sync writes them, and they are gone after a crash, or as soon as the page is dropped from memory. The size is not
// a page: it stays to be written.

/// The content of one file.
struct SimulatedFile {
    /// What a disk writes wholly or not at all.
    static let sectorBytes = 512

    private struct PendingWrite {
        /// The number of the first sector.
        var first: Int
        /// Content of the sectors from there on; the last one may end with the file.
        var bytes: [UInt8]

        var sectorCount: Int { (bytes.count + sectorBytes - 1) / sectorBytes }
    }

    private(set) var cached: [UInt8] = []
    private(set) var durable: [UInt8] = []
    private var pending: [PendingWrite] = []
    private var pendingSizes: [Int] = []
    /// Sectors whose newest content is only in memory and counts as written.
    private var lost: Set<Int> = []

    var isDirty: Bool { !pending.isEmpty || !pendingSizes.isEmpty }

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        let sizeBefore = cached.count
        if offset > cached.count {
            cached.append(contentsOf: repeatElement(0, count: offset - cached.count))
        }
        if offset == cached.count {
            cached.append(contentsOf: bytes)
        } else {
            if end > cached.count {
                cached.append(contentsOf: repeatElement(0, count: end - cached.count))
            }
            cached.withUnsafeMutableBytes { target in
                UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyMemory(
                    from: bytes
                )
            }
        }
        let first = min(offset, sizeBefore) / Self.sectorBytes
        let last = min(
            cached.count,
            (end + Self.sectorBytes - 1) / Self.sectorBytes * Self.sectorBytes
        )
        pending.append(
            PendingWrite(first: first, bytes: Array(cached[(first * Self.sectorBytes)..<last]))
        )
        if cached.count != sizeBefore { pendingSizes.append(cached.count) }
        if !lost.isEmpty { lost = lost.filter { $0 < first || $0 * Self.sectorBytes >= last } }
    }

    /// Makes everything durable that was not lost before.
    mutating func sync() {
        guard isDirty else { return }
        resizeDurable(to: cached.count)
        for write in pending { Self.apply(write, to: &durable) { _ in true } }
        pending.removeAll(keepingCapacity: true)
        pendingSizes.removeAll(keepingCapacity: true)
    }

    /// Marks everything clean and writes only some of it.
    mutating func failSync(_ generator: inout SeededGenerator) {
        let writesSome = generator.oneIn(2)
        if writesSome { resizeDurable(to: max(durable.count, cached.count)) }
        for write in pending {
            for index in 0..<write.sectorCount { lost.insert(write.first + index) }
            guard writesSome else { continue }
            Self.apply(write, to: &durable) { sector in
                let isWritten = generator.oneIn(2)
                if isWritten { lost.remove(sector) } else { lost.insert(sector) }
                return isWritten
            }
        }
        pending.removeAll(keepingCapacity: true)
        if pendingSizes.isEmpty, durable.count != cached.count { pendingSizes = [cached.count] }
    }

    /// Drops from memory every page that counts as written: reads return what the disk holds.
    mutating func evict() {
        for sector in lost.sorted() {
            let start = sector * Self.sectorBytes
            for offset in start..<min(start + Self.sectorBytes, cached.count) {
                cached[offset] = offset < durable.count ? durable[offset] : 0
            }
        }
        lost.removeAll()
    }

    /// What is left after power was lost.
    mutating func losePower(_ style: CrashStyle, _ generator: inout SeededGenerator) {
        switch style {
        case .losing: break
        case .keeping:
            resizeDurable(to: cached.count)
            for write in pending { Self.apply(write, to: &durable) { _ in true } }
        case .tearing: tear(&generator)
        }
        pending.removeAll(keepingCapacity: true)
        pendingSizes.removeAll(keepingCapacity: true)
        lost.removeAll()
        cached = durable
    }

    private mutating func tear(_ generator: inout SeededGenerator) {
        // Any size the file has had; beyond what was written lie zeros, or what the sectors held before.
        let sizes = [durable.count] + pendingSizes
        let size = generator.oneIn(3) ? cached.count : sizes[generator.below(sizes.count)]
        let fill: UInt8 = generator.oneIn(8) ? UInt8(truncatingIfNeeded: generator.next()) : 0
        resizeDurable(to: size, fill: fill)
        switch generator.below(4) {
        case 0:
            // In order, the last write torn.
            let total = pending.reduce(0) { $0 + $1.sectorCount }
            var left = generator.below(total + 1)
            for write in pending {
                Self.apply(write, to: &durable) { _ in
                    left -= 1
                    return left >= 0
                }
            }
        case 1:
            // All but one.
            let total = pending.reduce(0) { $0 + $1.sectorCount }
            let missing = generator.below(max(1, total))
            var index = -1
            for write in pending {
                Self.apply(write, to: &durable) { _ in
                    index += 1
                    return index != missing
                }
            }
        default:
            for write in pending { Self.apply(write, to: &durable) { _ in generator.oneIn(2) } }
        }
    }

    private mutating func resizeDurable(to byteCount: Int, fill: UInt8 = 0) {
        if byteCount < durable.count {
            durable.removeLast(durable.count - byteCount)
        } else if byteCount > durable.count {
            durable.append(contentsOf: repeatElement(fill, count: byteCount - durable.count))
        }
    }

    /// Puts the chosen sectors of a write on the disk, as far as the file reaches.
    private static func apply(
        _ write: PendingWrite,
        to durable: inout [UInt8],
        _ isKept: (Int) -> Bool
    ) {
        for index in 0..<write.sectorCount where isKept(write.first + index) {
            let source = index * sectorBytes
            let target = (write.first + index) * sectorBytes
            let count = min(sectorBytes, write.bytes.count - source, durable.count - target)
            guard count > 0 else { continue }
            durable.replaceSubrange(
                target..<(target + count),
                with: write.bytes[source..<(source + count)]
            )
        }
    }

    /// Becomes another content, durably.
    mutating func replace(with bytes: [UInt8]) {
        self = SimulatedFile()
        (cached, durable) = (bytes, bytes)
    }

    /// Changes one byte on the disk and in memory, as rot does.
    mutating func rot(at offset: Int) {
        cached[offset] ^= 0x40
        if offset < durable.count { durable[offset] ^= 0x40 }
    }
}
