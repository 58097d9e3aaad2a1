// How each kind of column becomes pages; the choice of encodings is in ChunkWriter+Fixed.swift,
// ChunkWriter+Text.swift and ChunkWriter+Identifiers.swift.

extension ChunkWriter {
    /// Writes the chunk of a list leaf whose lists are all empty.
    func writeEmpty(_ leaf: Leaf, _ rowCount: Int) throws -> (ChunkMetadata, ChunkTrailer) {
        let offsets = [UInt32](repeating: 0, count: rowCount + 1)
        return try write(leaf, .absent(rows: 0), offsets: offsets, rowCount)
    }

    /// Writes the chunk of one leaf.
    ///
    /// `column` has a value per row, or per child row when the leaf is repeated: then `offsets` are
    /// `rowCount + 1` positions in it.
    func write(
        _ leaf: Leaf,
        _ column: Column,
        offsets: [UInt32]?,
        _ rowCount: Int
    ) throws -> (ChunkMetadata, ChunkTrailer) {
        let childCount = column.rowCount
        guard childCount <= Limits.chunkValueCount else {
            throw Damage(.valueTooLarge, "\(childCount) values in a row group")
        }
        if let offsets {
            guard offsets.count == rowCount + 1, offsets[0] == 0,
                Int(offsets[rowCount]) == childCount, Self.isAscending(offsets)
            else { throw Damage(.schemaMismatch, "offsets that do not fit \(childCount) values") }
        }
        var chunk = ChunkRecord(leaf)
        if let offsets {
            try offsets.withUnsafeBufferPointer { offsets in
                try write(column, offsets.baseAddress, rowCount, &chunk)
            }
        } else {
            try write(column, nil, rowCount, &chunk)
        }
        return try chunk.result()
    }

    private static func isAscending(_ offsets: [UInt32]) -> Bool {
        offsets.withUnsafeBufferPointer { offsets in
            var isDescending = false
            for index in 1..<offsets.count where offsets[index] < offsets[index &- 1] {
                isDescending = true
            }
            return !isDescending
        }
    }

    private func write(
        _ column: Column,
        _ offsets: UnsafePointer<UInt32>?,
        _ rowCount: Int,
        _ chunk: inout ChunkRecord
    ) throws {
        let leaf = chunk.leaf
        let layout = ChunkLayout(
            rowCount: rowCount,
            offsets: offsets,
            validity: nil,
            hasValues: true
        )
        switch column {
        case .absent(let count):
            try writeAbsent(count, layout, &chunk)
        case .fixed(let fixed):
            guard let format = FixedFormat(leaf.type) else { throw Self.mismatch(leaf) }
            try writeFixed(fixed, format, layout, &chunk)
        case .text(let text):
            guard leaf.isText else { throw Self.mismatch(leaf) }
            try writeText(text, layout, &chunk)
        case .identifier(let identifiers):
            guard leaf.type == .hex(byteCount: identifiers.wordsPerRow * 8) else {
                throw Self.mismatch(leaf)
            }
            try writeIdentifiers(identifiers, layout, &chunk)
        case .list: throw Self.mismatch(leaf)
        }
    }

    private static func mismatch(_ leaf: Leaf) -> Damage {
        Damage(.schemaMismatch, "the column is not of type \(leaf.type)")
    }

    private func writeAbsent(
        _ count: Int,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord
    ) throws {
        let leaf = chunk.leaf
        guard count == 0 || leaf.isOptional else {
            // A required leaf has no nulls: what is absent is zero, or empty.
            switch leaf.type {
            case .hex(let byteCount):
                let words = byteCount / 8
                try writeIdentifiers(
                    IdentifierColumn(
                        words: [UInt64](repeating: 0, count: count * words),
                        wordsPerRow: words
                    ),
                    layout,
                    &chunk
                )
            case .string, .json, .bytes:
                let codes = [UInt32](repeating: TextColumn.null, count: count)
                try writeText(TextColumn(codes: codes, dictionary: .empty), layout, &chunk)
            default:
                guard let format = FixedFormat(leaf.type) else { throw Self.mismatch(leaf) }
                let values = [Int64](repeating: 0, count: count)
                try writeFixed(FixedColumn(values: values), format, layout, &chunk)
            }
            return
        }
        var layout = layout
        layout.hasValues = false
        try writePages(layout, .plain, rowLimit: layout.rowCount, &chunk) { _ in .none }
    }

    /// Copies the values that are there next to each other.
    ///
    /// - Returns: how many they are; `target` is filled only when they are not all.
    static func compact<Value: BitwiseCopyable>(
        _ values: UnsafePointer<Value>,
        _ count: Int,
        _ validity: UnsafePointer<UInt64>,
        _ target: UnsafeMutablePointer<Value>
    ) -> Int {
        var used = 0
        for index in 0..<count {
            target[used] = values[index]
            used &+= Int(truncatingIfNeeded: validity[index &>> 6] &>> UInt64(index & 63) & 1)
        }
        return used
    }
}
