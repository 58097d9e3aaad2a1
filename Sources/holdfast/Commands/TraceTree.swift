/// Draws a trace as a tree of its spans, with a bar for when each of them ran.
struct TraceTree {
    /// A span as it is drawn.
    struct Node {
        var id: String
        var parentID: String?
        var service: String
        var operation: String
        /// In nanoseconds.
        var start: Int64
        var duration: Int64
        var isError = false
        /// What its exceptions say.
        var exceptions: [String] = []

        /// The last moment that there is for what ends beyond it.
        var end: Int64 { start.addingSaturated(duration) }
    }

    private struct Line {
        let label: String
        let node: Node?
    }

    private static let durationWidth = 8
    private static let depthMax = 200

    private let start: Int64
    private let end: Int64
    private let lines: [Line]

    init(_ nodes: [Node]) {
        start = nodes.map(\.start).min() ?? 0
        end = nodes.map(\.end).max() ?? 0
        let ids = Set(nodes.map(\.id))
        var children: [String: [Node]] = [:]
        var roots: [Node] = []
        for node in nodes.sorted(by: { ($0.start, $0.id) < ($1.start, $1.id) }) {
            if let parent = node.parentID, ids.contains(parent), parent != node.id {
                children[parent, default: []].append(node)
            } else {
                roots.append(node)
            }
        }
        var lines: [Line] = []
        var drawn: Set<String> = []
        for root in roots { Self.draw(root, children, head: "", tail: "", &drawn, &lines) }
        // Spans that are their own ancestors hang from no root.
        for node in nodes where !drawn.contains(node.id) {
            Self.draw(node, children, head: "", tail: "", &drawn, &lines)
        }
        self.lines = lines
    }

    /// The lines of the drawing, each at most `width` characters.
    ///
    /// What `style` adds to colour a piece of a line does not count.
    func draw(
        width: Int,
        style: (String, Terminal.Style) -> String = { text, _ in text }
    ) -> [String] {
        let barWidth = min(60, max(12, width * 3 / 10))
        let labelWidth = max(10, width - barWidth - Self.durationWidth - 2)
        return lines.map { line in
            let label = Table.cut(line.label, to: line.node == nil ? width : labelWidth)
            guard let node = line.node else { return style(label, .red) }
            let padding = String(repeating: " ", count: labelWidth - label.count)
            let duration = Table.cut(TimeText.duration(node.duration), to: Self.durationWidth)
            let gap = String(repeating: " ", count: max(0, Self.durationWidth - duration.count))
            let bar = bar(node, barWidth)
            let shown = node.isError ? style(label, .red) : label
            return "\(shown)\(padding)\(gap)\(duration)  \(style(bar, node.isError ? .red : .cyan))"
        }
    }

    private func bar(_ node: Node, _ width: Int) -> String {
        let total = Double(max(1, end.subtractingSaturated(start)))
        let place = { (moment: Int64) -> Double in
            let share = Double(moment.subtractingSaturated(start)) / total
            return min(1, max(0, share)) * Double(width)
        }
        let from = min(width - 1, Int(place(node.start)))
        let to = min(width, max(from + 1, Int(place(node.end).rounded(.up))))
        return String(repeating: " ", count: from) + String(repeating: "━", count: to - from)
    }

    private static func draw(
        _ node: Node,
        _ children: [String: [Node]],
        head: String,
        tail: String,
        _ drawn: inout Set<String>,
        _ lines: inout [Line],
        depth: Int = 0
    ) {
        guard drawn.insert(node.id).inserted, depth < depthMax else { return }
        let mark = node.isError ? "✗ " : ""
        lines.append(
            Line(
                label: head + mark + Terminal.clean("\(node.service) \(node.operation)"),
                node: node
            )
        )
        let below = children[node.id] ?? []
        for message in node.exceptions {
            let line = below.isEmpty ? "   " : "│  "
            lines.append(Line(label: "\(tail)\(line)! \(Terminal.clean(message))", node: nil))
        }
        for (index, child) in below.enumerated() {
            let isLast = index == below.count - 1
            draw(
                child,
                children,
                head: tail + (isLast ? "└─ " : "├─ "),
                tail: tail + (isLast ? "   " : "│  "),
                &drawn,
                &lines,
                depth: depth + 1
            )
        }
    }
}

/// Times come from others, who may say anything: what is beyond the range is its end.
extension Int64 {
    /// The sum, or the number nearest to it that there is.
    func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        guard overflow else { return sum }
        return other < 0 ? .min : .max
    }

    /// The difference, or the number nearest to it that there is.
    func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        guard overflow else { return difference }
        return other < 0 ? .max : .min
    }
}
