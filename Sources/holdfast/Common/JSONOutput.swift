import Foundation

/// JSON on standard output.
enum JSONOutput {
    /// Prints a result of this program.
    static func show(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Prints the server's JSON, indented; as it came when it is none.
    static func show(body: Data) {
        print(String(decoding: PrettyJSON.format(Array(body)), as: UTF8.self))
    }
}

/// Indents JSON without reading its values, so that numbers and the order of members stay as they came.
enum PrettyJSON {
    static func format(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 2)
        var depth = 0
        var isInString = false
        var isEscaped = false
        var position = 0
        let newLine = { (output: inout [UInt8], depth: Int) in
            output.append(UInt8(ascii: "\n"))
            output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * max(0, depth)))
        }
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if isInString {
                output.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                output.append(byte)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                output.append(byte)
                // `[]` and `{}` stay on their line.
                while position < bytes.count, isSpace(bytes[position]) { position += 1 }
                if position < bytes.count, bytes[position] == byte + 2 {
                    output.append(bytes[position])
                    position += 1
                } else {
                    depth += 1
                    newLine(&output, depth)
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                newLine(&output, depth)
                output.append(byte)
            case UInt8(ascii: ","):
                output.append(byte)
                newLine(&output, depth)
            case UInt8(ascii: ":"):
                output.append(byte)
                output.append(UInt8(ascii: " "))
            case _ where isSpace(byte): continue
            default: output.append(byte)
            }
        }
        return output
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }
}
