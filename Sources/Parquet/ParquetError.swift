/// Why a file could not be written or read.
public struct ParquetError: Error, Sendable, CustomStringConvertible {
    /// What kind of fault it is, by what the caller can do about it.
    public enum Code: String, Sendable {
        /// The bytes are something else than a Parquet file.
        case notParquet
        /// The file ends before its content does.
        case truncated
        /// The content contradicts itself.
        case damaged
        /// Stored and computed checksums differ.
        case checksumMismatch
        /// A valid file that uses what this library does not read.
        case unsupported
        /// Columns and schema, or two schemas, do not fit together.
        case schemaMismatch
        /// A value, page or row group is larger than the format or this library allows.
        case valueTooLarge
    }

    /// What kind of fault it is.
    public let code: Code
    /// What is wrong, for people.
    public let message: String
    /// The name the caller gave to the file; empty while writing.
    public let file: String
    /// The dotted path of the column, when the fault is in one.
    public let column: String?
    /// The byte of the file at or after which the fault is, when known.
    public let offset: Int?

    /// An error with all that is known about it.
    public init(
        code: Code,
        message: String,
        file: String,
        column: String? = nil,
        offset: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.file = file
        self.column = column
        self.offset = offset
    }

    /// Everything in one line.
    public var description: String {
        var text = file.isEmpty ? "" : "\(file): "
        if let column { text += "column \(column): " }
        text += "\(message) (\(code.rawValue)"
        if let offset { text += ", at byte \(offset)" }
        return text + ")"
    }
}

/// A fault found by a part that knows neither the file nor the column; `ParquetReader` adds those.
struct Damage: Error {
    let code: ParquetError.Code
    let message: String
    /// Relative to what the part was given.
    var offset: Int?

    init(_ code: ParquetError.Code, _ message: String, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    static func damaged(_ message: String, offset: Int? = nil) -> Damage {
        Damage(.damaged, message, offset: offset)
    }

    static func truncated(_ message: String, offset: Int? = nil) -> Damage {
        Damage(.truncated, message, offset: offset)
    }

    static func unsupported(_ message: String) -> Damage { Damage(.unsupported, message) }

    func located(file: String, column: String?, base: Int?) -> ParquetError {
        ParquetError(
            code: code,
            message: message,
            file: file,
            column: column,
            offset: base.map { $0 + (offset ?? 0) } ?? offset
        )
    }
}
