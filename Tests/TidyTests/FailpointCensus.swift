/// Who reaches and who tests each case of a failpoint catalog, judged by the text of the files.
///
/// A call site is one of `verbs`, an opening parenthesis and the case, however the line is wrapped
/// and whether or not the catalog's name stands before the dot. A test counts if it names the case
/// or, in a string, its raw value; or if it takes the whole catalog as `Catalog.self` or
/// `Catalog.allCases`. A case without its catalog's name counts in a file that has that name
/// elsewhere. Comments count for nothing.
struct FailpointCensus {
    /// A file and what is in it.
    struct File {
        let path: String
        let text: String
    }

    /// One case of a catalog.
    struct Case: Equatable {
        let name: String
        let rawValue: String
        /// What its documentation comment says up to the first empty line, on one line.
        let window: String
        /// What it says after that.
        var outcome = ""
    }

    /// One case with the places, as `path:line`, that reach it and that test it.
    struct Row {
        let point: Case
        let callSites: [String]
        let tests: [String]
    }

    let rows: [Row]

    /// The raw values of the cases that no source file reaches.
    var withoutCallSite: [String] { rows.filter(\.callSites.isEmpty).map(\.point.rawValue) }

    /// The raw values of the cases that no test file tests.
    var withoutTest: [String] { rows.filter(\.tests.isEmpty).map(\.point.rawValue) }

    /// The names under which two cases stand; each must be empty, or a text form is ambiguous.
    var repeatedNames: [String] {
        Dictionary(grouping: rows, by: \.point.rawValue).filter { $1.count > 1 }.keys.sorted()
    }

    /// Takes the census of `cases`, which belong to the enum called `catalog`.
    init(
        of cases: [Case],
        catalog: String,
        sources: [File],
        tests: [File],
        verbs: [String] = ["evaluate", "hit", "reach"]
    ) {
        let sources = sources.map { ($0.path, SourceText($0.text)) }
        let tests = tests.map { ($0.path, SourceText($0.text)) }
        rows = cases.map { point in
            Row(
                point: point,
                callSites: sources.flatMap { path, source in
                    source.lines(calling: verbs, with: point.name, of: catalog)
                        .map { "\(path):\($0)" }
                },
                tests: tests.flatMap { path, test in
                    test.lines(testing: point, of: catalog).map { "\(path):\($0)" }
                }
            )
        }
    }

    /// The cases of the enum that `text` declares, each with its own raw value and comment.
    static func cases(in text: String) -> [Case] {
        var window: [String] = []
        var cases: [Case] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.hasPrefix("///") {
                window.append(line.dropFirst(3).trimmingPrefix(" ").description)
            } else if let match = line.firstMatch(of: /^case (\w+) = "([^"]+)"/) {
                let paragraphs = window.split(separator: "", maxSplits: 1).map {
                    $0.joined(separator: " ")
                }
                cases.append(
                    Case(
                        name: String(match.1),
                        rawValue: String(match.2),
                        window: paragraphs.first ?? "",
                        outcome: paragraphs.dropFirst().first ?? ""
                    )
                )
                window = []
            } else {
                window = []
            }
        }
        return cases
    }

    /// A table of every case: its name, its window, what is required, its call sites and its tests.
    func markdown() -> String {
        var lines = [
            "| name | what is durable | what is required | module | test |",
            "|---|---|---|---|---|",
        ]
        for row in rows {
            let cells = [
                "`\(row.point.rawValue)`", row.point.window, row.point.outcome,
                Self.cell(row.callSites), Self.cell(row.tests),
            ]
            let escaped = cells.map { $0.replacing("|", with: "\\|") }
            lines.append("| " + escaped.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The files without their lines, so that the table changes only when a place moves file.
    private static func cell(_ places: [String]) -> String {
        var files: [String] = []
        for place in places {
            let path = place.prefix { $0 != ":" }
            let file = "`\(path.split(separator: "/").last ?? path)`"
            if !files.contains(file) { files.append(file) }
        }
        return files.isEmpty ? "**none**" : files.joined(separator: ", ")
    }
}

/// Swift source cut into words and signs; comments are gone, a string is one piece.
struct SourceText {
    private enum Piece: Equatable {
        case word(String)
        case sign(Character)
        case string(String)
    }

    private var pieces: [(piece: Piece, line: Int)] = []

    init(_ text: String) {
        var line = 1
        var rest = text[...]
        while let first = rest.first {
            if rest.hasPrefix("//") {
                rest = rest.drop { $0 != "\n" }
            } else if rest.hasPrefix("/*") {
                let end = rest.firstRange(of: "*/")?.upperBound ?? rest.endIndex
                line += rest[..<end].count { $0 == "\n" }
                rest = rest[end...]
            } else if first == "\"" {
                let mark = rest.hasPrefix("\"\"\"") ? "\"\"\"" : "\""
                let start = line
                let content = Self.content(of: rest.dropFirst(mark.count), until: mark)
                line += content.count { $0 == "\n" }
                rest = rest[content.endIndex...]
                if rest.hasPrefix(mark) { rest = rest.dropFirst(mark.count) }
                pieces.append((.string(String(content)), start))
            } else if first.isLetter || first.isNumber || first == "_" {
                let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                pieces.append((.word(String(word)), line))
                rest = rest[word.endIndex...]
            } else {
                if first == "\n" { line += 1 }
                if !first.isWhitespace { pieces.append((.sign(first), line)) }
                rest = rest.dropFirst()
            }
        }
    }

    /// The inside of a string; a backslash takes the character after it along.
    ///
    /// A string on one line ends with it, so that a lone quotation mark hides no more than that.
    private static func content(of text: Substring, until mark: String) -> Substring {
        var end = text.startIndex
        while end < text.endIndex, !text[end...].hasPrefix(mark) {
            if mark.count == 1, text[end] == "\n" { break }
            let step = text[end] == "\\" ? 2 : 1
            end = text.index(end, offsetBy: step, limitedBy: text.endIndex) ?? text.endIndex
        }
        return text[..<end]
    }

    /// The lines where one of `verbs` is called with `.name` or `catalog.name` first.
    func lines(calling verbs: [String], with name: String, of catalog: String) -> [Int] {
        pieces.indices.compactMap { index in
            guard case .word(let verb) = pieces[index].piece, verbs.contains(verb),
                piece(index + 1) == .sign("(")
            else { return nil }
            let dot = piece(index + 2) == .word(catalog) ? index + 3 : index + 2
            guard piece(dot) == .sign("."), piece(dot + 1) == .word(name) else { return nil }
            return pieces[index].line
        }
    }

    /// The lines that name the case, its raw value in a string, or the whole catalog.
    func lines(testing point: FailpointCensus.Case, of catalog: String) -> [Int] {
        let knowsCatalog = pieces.contains { $0.piece == .word(catalog) }
        return pieces.indices.compactMap { index in
            let line = pieces[index].line
            switch pieces[index].piece {
            case .string(let text): return Self.names(point.rawValue, in: text) ? line : nil
            case .word(let word) where knowsCatalog && word == point.name:
                return piece(index - 1) == .sign(".") ? line : nil
            case .word(let word) where word == catalog:
                let isWhole = [.word("self"), .word("allCases")].contains(piece(index + 2))
                return piece(index + 1) == .sign(".") && isWhole ? line : nil
            default: return nil
            }
        }
    }

    private func piece(_ index: Int) -> Piece? {
        pieces.indices.contains(index) ? pieces[index].piece : nil
    }

    /// Whether `name` stands in `text` and is no part of a longer name.
    private static func names(_ name: String, in text: String) -> Bool {
        text.ranges(of: name).contains { range in
            let before = text[..<range.lowerBound].last
            let after = text[range.upperBound...].first
            return ![before, after].contains { $0.map(isNamePart) ?? false }
        }
    }

    private static func isNamePart(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "._-".contains(character)
    }
}
