import Foundation
import Parquet
import Testing

private let python = ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"]

/// Other engines must read what is written here: a Python script compares values.
@Suite(.enabled(if: python != nil, "HOLDFAST_PYTHON names no Python with pyarrow and duckdb"))
struct EngineTests {
    @Test(arguments: Fixtures.encodings, [0, 1, 2, 3])
    func pyarrowAndDuckDBReadWhatWasWritten(_ encoding: ValueEncoding, _ variety: Int) throws {
        let schema = Fixtures.everyShape(encoding: encoding, bloomFilter: variety % 2 == 0)
        var maker = ColumnMaker(generator: SeededGenerator(seed: 11), variety: variety)
        let groups = [200, 3].map { rows in
            schema.fields.map { maker.column($0, rows: rows) }
        }
        let file = try Fixtures.write(schema, groups, options: WriterOptions(pageRowLimit: 50))
        try withFolder { folder in
            let path = folder.appending(path: "file.parquet")
            let expected = folder.appending(path: "expected.json")
            try Data(file).write(to: path)
            try Data(lines(schema, groups).utf8).write(to: expected)
            try run(path.path, expected.path)
        }
    }

    @Test func whatPyarrowAndDuckDBWriteReadsBack() throws {
        try withFolder { folder in
            try run("write", folder.path)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(files.count == 8)
            for file in files {
                let path = folder.appending(path: file)
                let reader = try ParquetReader(
                    BytesSource(Array(try Data(contentsOf: path)), name: file)
                )
                try reader.verify()
                let groups = try reader.rowGroups.indices.map { group in
                    try reader.schema.fields.indices.map {
                        try reader.column(rowGroup: group, field: $0)
                    }
                }
                try expectSearches(reader, groups)
                let copy = folder.appending(path: "copy-\(file)")
                try Data(try Fixtures.write(reader.schema, groups)).write(to: copy)
                try run("same", path.path, copy.path)
            }
        }
    }

    /// Other writers begin a chunk with a dictionary and go on without.
    private func expectSearches(_ reader: ParquetReader, _ groups: [[Column]]) throws {
        for (group, columns) in groups.enumerated() {
            let rows = 0..<reader.rowGroups[group].rowCount
            for (field, column) in columns.enumerated() {
                for needle in ["1", "v7", "unique 4", "none"].map({ Array($0.utf8) }) {
                    let found = try reader.rows(
                        rowGroup: group,
                        field: field,
                        containing: needle,
                        in: rows
                    )
                    #expect(found == column.rows(containing: needle, in: rows))
                }
            }
        }
    }

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "parquet-engines-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    /// Runs the script and expects it to succeed.
    private func run(_ arguments: String...) throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "read_with_engines.py")
        let process = Process()
        process.executableURL = URL(filePath: try #require(python))
        process.arguments = [script.path] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(arguments): \(text)")
    }

    private func lines(_ schema: Schema, _ groups: [[Column]]) -> String {
        var lines = ""
        for columns in groups {
            let cells = zip(columns, schema.fields).map { $0.cells($1.shape) }
            for row in 0..<columns[0].rowCount {
                let members = schema.fields.enumerated().map { position, field in
                    "\"\(field.name)\": \(json(cells[position][row], field.shape))"
                }
                lines += "{\(members.joined(separator: ", "))}\n"
            }
        }
        return lines
    }

    private func json(_ cell: Cell, _ shape: Field.Shape) -> String {
        switch (cell, shape) {
        case (.null, _): "null"
        case (.int(let value), .leaf(.bool, _)): value == 0 ? "false" : "true"
        case (.int(let value), .leaf(.double, _)), (.int(let value), .leaf(.float, _)):
            "{\"d\": \"\(hex(UInt64(bitPattern: value)))\"}"
        case (.int(let value), _): "\(value)"
        case (.text(let bytes), .leaf(.bytes, _)):
            "{\"b\": \"\(bytes.map { String(format: "%02x", $0) }.joined())\"}"
        case (.text(let bytes), _): quoted(String(decoding: bytes, as: UTF8.self))
        case (.words(let words), _): "\"\(words.map(hex).joined())\""
        case (.list(let elements), .list(let type)):
            "[\(elements.map { json($0[0], .leaf(type, optional: false)) }.joined(separator: ", "))]"
        case (.list(let elements), .map(let type)):
            "["
                + elements.map {
                    "[\(json($0[0], .leaf(.string, optional: false))), \(json($0[1], .leaf(type, optional: false)))]"
                }.joined(separator: ", ") + "]"
        case (.list(let elements), .structs(let members)):
            "["
                + elements.map { element in
                    "{"
                        + zip(members, element).map { "\"\($0.name)\": \(json($1, $0.shape))" }
                        .joined(separator: ", ") + "}"
                }.joined(separator: ", ") + "]"
        case (.list, .leaf): "null"
        }
    }

    private func hex(_ word: UInt64) -> String { String(format: "%016lx", word) }

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 32: quoted += String(format: "\\u%04x", scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
