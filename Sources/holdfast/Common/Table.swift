/// Rows under headings, aligned in columns.
struct Table {
    /// How a column is set.
    enum Alignment {
        case left
        case right
    }

    /// A heading and how what is below it is set.
    struct Column {
        let title: String
        let alignment: Alignment
        /// Whether it gives way when the table is wider than the terminal.
        let isFlexible: Bool

        static func left(_ title: String) -> Column {
            Column(title: title, alignment: .left, isFlexible: false)
        }

        static func right(_ title: String) -> Column {
            Column(title: title, alignment: .right, isFlexible: false)
        }

        static func flexible(_ title: String) -> Column {
            Column(title: title, alignment: .left, isFlexible: true)
        }
    }

    private static let gap = 2
    private static let flexibleWidthMin = 12

    let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: Column...) { self.columns = columns }

    /// Adds a row; control characters in it are made visible.
    mutating func add(_ cells: String...) { rows.append(cells.map(Terminal.clean)) }

    var isEmpty: Bool { rows.isEmpty }

    /// The lines; a flexible column is cut so that they fit into `width`, where one is given.
    func lines(width: Int? = nil) -> [String] {
        var widths = columns.indices.map { index in
            max(
                columns[index].title.count,
                rows.map { index < $0.count ? $0[index].count : 0 }.max() ?? 0
            )
        }
        if let width {
            var excess = widths.reduce(0, +) + Self.gap * (columns.count - 1) - width
            for index in columns.indices where columns[index].isFlexible && excess > 0 {
                let cut = min(excess, max(0, widths[index] - Self.flexibleWidthMin))
                widths[index] -= cut
                excess -= cut
            }
        }
        return ([columns.map(\.title)] + rows).map { line($0, widths) }
    }

    /// Prints the lines, the headings dimmed, cut to the terminal where there is one.
    func show() {
        let lines = lines(width: Terminal.isInteractive ? Terminal.width : nil)
        for (index, line) in lines.enumerated() {
            print(index == 0 ? Terminal.styled(line, .dim) : line)
        }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() where index < columns.count {
            let text = Self.cut(cell, to: widths[index])
            let padding = String(repeating: " ", count: widths[index] - text.count)
            if index > 0 { line += String(repeating: " ", count: Self.gap) }
            line += columns[index].alignment == .left ? text + padding : padding + text
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// `text` in at most `width` characters, with an ellipsis where some are missing.
    static func cut(_ text: String, to width: Int) -> String {
        text.count <= width ? text : String(text.prefix(max(0, width - 1))) + "…"
    }
}
