import ArgumentParser
import OTLP

/// Attributes that must be there.
struct TagOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "An attribute, of the resource, the scope or an event, too; may be repeated.",
            valueName: "key=value"
        )
    )
    var tag: [String] = []

    func validate() throws { _ = try attributes() }

    /// The attributes, and `more`, as the JSON object that the server reads; nil when there are none.
    func json(and more: KeyValue? = nil) throws -> String? {
        var attributes = try attributes()
        if let more { attributes.append(more) }
        guard !attributes.isEmpty else { return nil }
        var bytes: [UInt8] = []
        ValueJSON.append(.kvlist(attributes), into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func attributes() throws -> [KeyValue] {
        try tag.map { text in
            guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
                throw ValidationError("--tag is \(text); give it like key=value.")
            }
            let value = String(text[text.index(after: sign)...])
            return KeyValue(String(text[..<sign]), .string(value))
        }
    }
}
