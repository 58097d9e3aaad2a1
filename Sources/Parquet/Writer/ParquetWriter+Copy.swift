// Copies the pages of a row group as they are: pages carry their own checksums and no offsets, so only the
// footer's and the offset index's offsets change. Bloom filters and column indexes carry no offsets.

extension ParquetWriter {
    /// Copies a whole row group of another file of the same schema, byte for byte, as the next row group.
    ///
    /// Pages are not decoded, their checksums not verified: what is damaged stays damaged, and detectable.
    ///
    /// - Throws: `ParquetError` when the schemas differ or the file ends early, and whatever the sink or the
    ///   source throws.
    public mutating func copyRowGroup(_ index: Int, from reader: ParquetReader) throws {
        guard reader.schema.hasSameShape(as: schema), reader.leaves.count == leaves.count else {
            throw ParquetError(
                code: .schemaMismatch,
                message: "row groups are copied between equal schemas only",
                file: reader.name
            )
        }
        try chunks.beginFile()
        var group = reader.metadata.rowGroups[index]
        var trailer: [ChunkTrailer] = []
        for leaf in group.chunks.indices {
            let source = group.chunks[leaf]
            let shift = try copyPages(source.pages, from: reader)
            group.chunks[leaf].dataPageOffset += shift
            if let offset = source.dictionaryPageOffset, offset > 0 {
                group.chunks[leaf].dictionaryPageOffset = offset + shift
            } else {
                group.chunks[leaf].dictionaryPageOffset = nil
            }
            group.chunks[leaf].bloomFilter = nil
            group.chunks[leaf].columnIndex = nil
            group.chunks[leaf].offsetIndex = nil
            trailer.append(try copyTrailer(index, leaf, shift, from: reader))
        }
        append(group, trailer)
    }

    /// Returns by how much the pages move.
    private func copyPages(_ range: ByteRange, from reader: ParquetReader) throws -> Int {
        let shift = chunks.position - range.offset
        var done = 0
        while done < range.count {
            let count = min(Limits.sinkByteCount * 4, range.count - done)
            try chunks.append(
                try reader.read(ByteRange(offset: range.offset + done, count: count))
            )
            done += count
        }
        return shift
    }

    private func copyTrailer(
        _ group: Int,
        _ leaf: Int,
        _ shift: Int,
        from reader: ParquetReader
    ) throws -> ChunkTrailer {
        let chunk = reader.metadata.rowGroups[group].chunks[leaf]
        var trailer = ChunkTrailer()
        if chunk.bloomFilter != nil {
            trailer.bloomFilter = try reader.bloomFilter(group, leaf)?.serialized()
        }
        if let range = chunk.columnIndex { trailer.columnIndex = try reader.read(range) }
        if var index = try reader.pageIndex(group, leaf)?.offsets {
            for page in index.pages.indices { index.pages[page].offset += shift }
            trailer.offsetIndex = index
        }
        return trailer
    }
}
