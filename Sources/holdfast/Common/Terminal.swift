import Foundation

/// What the terminal can do, and text that is safe to show on it.
enum Terminal {
    /// Colours that the commands use.
    enum Style: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case cyan = "36"
        case dim = "2"
        case bold = "1"
    }

    /// Whether people read standard output.
    static let isInteractive = isatty(STDOUT_FILENO) == 1

    /// Whether people read standard error.
    static let isErrorInteractive = isatty(STDERR_FILENO) == 1

    /// Whether colours are welcome: on a terminal, unless NO_COLOR says otherwise.
    static let usesColor: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return isInteractive && (environment["NO_COLOR"] ?? "").isEmpty
            && environment["TERM"] != "dumb"
    }()

    /// Columns of the terminal; 80 where that is not known.
    static var width: Int {
        var size = winsize()
        if isInteractive, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40 {
            return Int(size.ws_col)
        }
        return ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init).map { max(40, $0) }
            ?? 80
    }

    /// `text` in colour, where that is welcome.
    static func styled(_ text: String, _ style: Style) -> String {
        usesColor ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }

    /// Text of others without control characters, which could take over the terminal.
    static func clean(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(
                isControl(scalar) ? (scalar == "\n" || scalar == "\t" ? " " : "\u{fffd}") : scalar
            )
        }
        return String(result)
    }

    /// Writes a line to standard error.
    static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Replaces the status line on standard error; nothing where nobody reads it.
    static func status(_ text: String) {
        guard isErrorInteractive else { return }
        FileHandle.standardError.write(Data("\r\u{1b}[K\(text)".utf8))
    }

    /// How much of `all` is done, as a bar.
    static func bar(_ done: Int, of all: Int) -> String {
        let width = 20
        let filled = min(width, done * width / max(1, all))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            || (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }
}
