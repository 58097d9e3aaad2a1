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

        var end: Int64 { start + duration }
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
            let duration = TimeText.duration(node.duration)
            let gap = String(repeating: " ", count: max(0, Self.durationWidth - duration.count))
            let bar = bar(node, barWidth)
            let shown = node.isError ? style(label, .red) : label
            return "\(shown)\(padding)\(gap)\(duration)  \(style(bar, node.isError ? .red : .cyan))"
        }
    }

    private func bar(_ node: Node, _ width: Int) -> String {
        let total = Double(max(1, end - start))
        let from = min(width - 1, Int(Double(node.start - start) / total * Double(width)))
        let to = min(
            width,
            max(from + 1, Int((Double(node.end - start) / total * Double(width)).rounded(.up)))
        )
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
